// Sets of features, and the name that libapparmor gives to one: that of the policy cache's directory.
#pragma once

#include <sys/apparmor.h>

#include <memory>
#include <string>

#include "result.h"

namespace apparmor {

struct UnrefFeatures {
  void operator()(aa_features* features) const { aa_features_unref(features); }
};
using Features = std::unique_ptr<aa_features, UnrefFeatures>;

// Of the running kernel for an empty path, else of a saved set (/etc/apparmor.d/abi/…).
Result<Features> openFeatures(const std::string& path);

Result<std::string> featureId(const std::string& path);

}  // namespace apparmor
