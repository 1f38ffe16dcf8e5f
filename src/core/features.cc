#include "features.h"

#include <fcntl.h>
#include <sys/apparmor.h>

#include <cerrno>
#include <cstdlib>

#include "availability.h"

namespace apparmor {

Result<std::string> featureId(const std::string& path) {
  if (path.empty()) {
    if (const auto mountpoint = findMountpoint(); !mountpoint) return mountpoint.failure();
  }
  aa_features* features = nullptr;
  const int result = path.empty() ? aa_features_new_from_kernel(&features)
                                  : aa_features_new(&features, AT_FDCWD, path.c_str());
  if (result != 0) return Failure{errno, "aa_features_new", path};
  char* text = aa_features_id(features);
  const int error = errno;
  aa_features_unref(features);
  if (text == nullptr) return Failure{error, "aa_features_new", path};
  std::string id(text);
  free(text);
  return id;
}

}  // namespace apparmor
