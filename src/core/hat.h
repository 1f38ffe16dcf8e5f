// Hats: children of the current profile that a thread puts on and takes off again.
//
// Kernel contract: whoever knows the token can leave the hat; a wrong token kills the task with
// SIGKILL. The kernel keeps the token where it keeps the flag of a stacked onexec, and clears
// onexec at the hat's ends: so the two are never mixed. Hat and token are inherited over fork.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "result.h"

namespace apparmor {

// The first of the hats that exists. Refused with EBUSY when an onexec is set.
Result<Done> changeHat(const std::vector<std::string>& hats, uint64_t token);

// Back to the profile. Outside a hat the kernel does nothing.
Result<Done> leaveHat(uint64_t token);

}  // namespace apparmor
