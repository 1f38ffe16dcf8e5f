// Directories with binary policy, one for each set of features.
//
// Contract: libapparmor names such a directory by the features, and creates it with the text of them in ".features". It
// loads every file in it that does not begin with a dot, each whole by one write, and looks at neither owner nor mode:
// whoever can write there decides what is loaded.
#pragma once

#include <string>

#include "result.h"

namespace apparmor {

// Where the policy for a set of features lies below `path`, or would.
Result<std::string> cacheDirectory(const std::string& path, const std::string& features);

// The same directory; it is created where it is not there.
Result<std::string> makeCache(const std::string& path, const std::string& features);

// Removes the directories of all features below `path`.
Result<Done> removeCache(const std::string& path);

// Loads all that is there for the running kernel, in the place of what is loaded.
Result<Done> loadCache(const std::string& path);

}  // namespace apparmor
