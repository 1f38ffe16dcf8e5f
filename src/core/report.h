// How the launcher says why it did not execute its target (src/launcher/launcher.c): eight bytes on
// a descriptor.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "result.h"

namespace apparmor {

using Report = std::array<int32_t, 2>;  // stage, positive errno

// For a launcher whose target runs on: a pipe. Closes the write end, waits until the launcher has
// reported or the last copy of that end is closed, which the launcher's exec does, and closes the
// read end.
Result<std::optional<Report>> takeReport(int readEnd, int writeEnd);

// For a launcher that is waited for until it and its target have ended: one descriptor for all
// launchers of the calling thread, one after the other. It is an eventfd: its counter, which the
// launcher adds to once, is the report.
Result<int> reportChannel();
Result<std::optional<Report>> takeChannelReport();

}  // namespace apparmor
