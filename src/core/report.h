// The pipe on which the launcher says why it did not execute its target (src/launcher/launcher.c).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "result.h"

namespace apparmor {

using Report = std::array<int32_t, 2>;  // stage, positive errno

// Closes the write end, waits until the launcher has reported or the last copy of that end is
// closed, which the launcher's exec does, and closes the read end.
Result<std::optional<Report>> takeReport(int readEnd, int writeEnd);

}  // namespace apparmor
