#include "availability.h"

#include <sys/apparmor.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "direct/attr.h"

namespace apparmor {

Availability availability() {
  std::optional<std::string> mountpoint;
  if (auto found = findMountpoint()) mountpoint = std::move(*found);

  const int whole = aa_is_enabled() == 1 ? 0 : errno;
  if (whole == 0) return {0, mountpoint};
  const auto label = readAttr(Attr::current, "aa_is_enabled");
  if (label) return {0, mountpoint};
  const Failure& failure = label.failure();
  const bool refused = failure.error == EACCES || failure.error == EPERM;
  // Nothing but a confinement refuses a task its own attribute; the policy interface may be hidden.
  if (refused && whole != ECANCELED && whole != ENOSYS) return {0, mountpoint};
  // No way to the attributes (no /proc) and no /sys to ask: that AppArmor is absent is not known.
  const bool blind = !failure.path.empty() && failure.error == ENOENT &&
                     access("/proc/self", F_OK) != 0 && whole != ECANCELED;
  return {blind ? ENOENT : refused && whole == ENOSYS ? failure.error : whole, mountpoint};
}

Result<std::string> findMountpoint() {
  char* found = nullptr;
  if (aa_find_mountpoint(&found) != 0) return Failure{errno, "aa_find_mountpoint"};
  std::string mountpoint(found);
  free(found);
  return mountpoint;
}

}  // namespace apparmor
