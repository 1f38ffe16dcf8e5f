// The name that libapparmor gives to a set of features: that of the policy cache's directory.
#pragma once

#include <string>

#include "result.h"

namespace apparmor {

// Of the running kernel for an empty path, else of a saved set (/etc/apparmor.d/abi/…).
Result<std::string> featureId(const std::string& path);

}  // namespace apparmor
