#include "features.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

#include "availability.h"
#include "unique_fd.h"

namespace apparmor {

Result<Features> openFeatures(const std::string& path) {
  if (path.empty()) {
    if (const auto mountpoint = findMountpoint(); !mountpoint) return mountpoint.failure();
  }
  aa_features* features = nullptr;
  int result = -1;
  if (path.empty()) {
    result = aa_features_new_from_kernel(&features);
  } else {
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!fd) return Failure{errno, "aa_features_new", path};
    // libapparmor would read a directory with all that is below it, and wait for a pipe.
    struct stat status {};
    if (fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
      return Failure{S_ISDIR(status.st_mode) ? EISDIR : ENODEV, "aa_features_new", path};
    }
    result = aa_features_new_from_file(&features, fd.get());
  }
  if (result != 0) return Failure{errno, "aa_features_new", path};
  return Features(features);
}

Result<std::string> featureId(const std::string& path) {
  const auto features = openFeatures(path);
  if (!features) return features.failure();
  char* text = aa_features_id(features->get());
  if (text == nullptr) return Failure{errno, "aa_features_new", path};
  std::string id(text);
  free(text);
  return id;
}

}  // namespace apparmor
