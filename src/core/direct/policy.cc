#include "policy.h"

#include "../availability.h"
#include "directory.h"

namespace apparmor {
namespace {

constexpr const char* kCall = "open";

struct Namespace {
  std::string name;  // empty for the caller's own
  std::string path;  // below the interface
};

// Adds rows about a namespace; 0, or an errno.
using Visit = int (*)(std::string& out, const Namespace& visited, const Directory& directory);

// Visits a namespace and all namespaces in it. Those that are removed meanwhile do not count.
int eachNamespace(std::string& out, const Namespace& visited, const Directory& directory,
                  Visit visit) {
  const int error = visit(out, visited, directory);
  const Directory inner(directory, "namespaces");
  if (!inner) return error;
  inner.each([&](const char* entry) {
    const Directory next(inner, entry);
    if (!next) return;
    eachNamespace(out,
                  {visited.name.empty() ? entry : visited.name + "//" + entry,
                   visited.path + "/namespaces/" + entry},
                  next, visit);
  });
  return error;
}

Result<Bytes> overNamespaces(Visit visit) {
  const auto mountpoint = findMountpoint();
  if (!mountpoint) return mountpoint.failure();
  const std::string path = *mountpoint + "/policy";
  const Directory policy(path.c_str());
  if (!policy) return Failure{errno, kCall, path};
  Bytes out;
  const int error = eachNamespace(out.text, {"", "policy"}, policy, visit);
  if (error != 0) return Failure{error, kCall, path};
  return out;
}

class ProfileWalk {
 public:
  ProfileWalk(std::string& out, const std::string& policyNamespace)
      : out_(out), namespace_(policyNamespace) {}

  int walk(const Directory& owner, const std::string& path, const std::string& parent) {
    const Directory profiles(owner, "profiles");
    if (!profiles) return errno;
    return profiles.each([&](const char* entry) {
      const Directory profile(profiles, entry);
      if (profile) add(profile, path + "/profiles/" + entry, parent);
    });
  }

 private:
  void add(const Directory& profile, const std::string& path, const std::string& parent) {
    std::string name;
    if (profile.read("name", name) != 0 || profile.read("mode", mode_) != 0) return;
    if (profile.read("attach", attach_) != 0) attach_.clear();
    if (profile.read(algorithm_, hash_) != 0) {
      const char* other = algorithm_ == kSha256 ? kSha1 : kSha256;
      if (profile.read(other, hash_) == 0) algorithm_ = other;
    }
    put(out_, namespace_);
    put(out_, path);
    put(out_, parent);
    put(out_, name);
    put(out_, mode_);
    put(out_, attach_);
    put(out_, algorithm_);
    put(out_, hash_);
    walk(profile, path, parent.empty() ? name : parent + "//" + name);
  }

  static constexpr const char* kSha1 = "sha1";
  static constexpr const char* kSha256 = "sha256";
  std::string& out_;
  const std::string& namespace_;
  const char* algorithm_ = kSha256;
  std::string mode_, attach_, hash_;
};

}  // namespace

Result<Bytes> loadedProfiles() {
  return overNamespaces([](std::string& out, const Namespace& visited, const Directory& directory) {
    return ProfileWalk(out, visited.name).walk(directory, visited.path, "");
  });
}

Result<Bytes> policyRevisions() {
  return overNamespaces([](std::string& out, const Namespace& visited, const Directory& directory) {
    std::string revision;
    const int error = directory.read("revision", revision);
    if (error != 0 && error != EAGAIN) return error;
    put(out, visited.name);
    put(out, std::to_string(directory.inode()));
    put(out, error == EAGAIN ? "0" : revision);
    return 0;
  });
}

Result<std::string> revisionFile(const std::string& policyNamespace) {
  auto path = findMountpoint();
  if (!path) return path;
  if (policyNamespace.empty()) return *path + "/revision";
  *path += "/policy";
  for (size_t at = 0; at < policyNamespace.size();) {
    const size_t end = std::min(policyNamespace.find("//", at), policyNamespace.size());
    *path += "/namespaces/" + policyNamespace.substr(at, end - at);
    at = end + 2;
  }
  return *path + "/revision";
}

}  // namespace apparmor
