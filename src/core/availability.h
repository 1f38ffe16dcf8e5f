// Is AppArmor there, and how much of it?
//
// Kernel contract: transitions need only the attributes (direct/attr.h); the policy interface needs
// securityfs, which most containers do not mount. aa_is_enabled(3) asks about the second, so it
// says "no" where transitions work; only when they do not is its errno the reason.
#pragma once

#include <optional>
#include <string>

#include "result.h"

namespace apparmor {

struct Availability {
  int error;                              // 0: transitions work here; else why not
  std::optional<std::string> mountpoint;  // of the policy interface, when it is visible
};

Availability availability();

Result<std::string> findMountpoint();

}  // namespace apparmor
