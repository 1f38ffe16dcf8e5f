// The policy that the kernel holds, as its own files tell it.
//
// Not by libapparmor: it has no function that tells which profiles are loaded.
//
// Kernel contract: <interface>/policy is the policy of the caller's namespace. Below it,
// profiles/<any>/{name,mode,attach,sha1|sha256} is one profile, its children and hats stand in its own
// directory "profiles", and namespaces/<name> is a namespace in this one with the same inside. A file
// holds one value byte for byte, where the flat list <interface>/profiles has one line for each, of
// names that may hold newlines, and is for the superuser only.
#pragma once

#include <string>

#include "../result.h"
#include "../rows.h"

namespace apparmor {

// For each profile: namespace (nested ones as "a//b"; empty for the caller's own), directory below the
// interface, parent (empty for none), own name, mode, attach, algorithm of the hash, hash. Profiles
// that are removed meanwhile are left out.
Result<Bytes> loadedProfiles();

// For each namespace: its name, the inode of its directory, and its revision, which grows with every
// change of its policy. Where all three are the same, so is the policy.
Result<Bytes> policyRevisions();

// The file that holds the revision of a namespace, "" being the caller's own.
Result<std::string> revisionFile(const std::string& policyNamespace);

}  // namespace apparmor
