// How the launcher says why it did not execute its target (src/launcher/launcher.c): eight bytes on
// a descriptor.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "result.h"
#include "unique_fd.h"

namespace apparmor {

using Report = std::array<int32_t, 2>;  // stage, positive errno

// For a launcher whose target runs on: a pipe. Closes the write end, waits until the launcher has
// reported or the last copy of that end is closed, which the launcher's exec does, and closes the
// read end.
Result<std::optional<Report>> takeReport(int readEnd, int writeEnd);

// For a launcher that is waited for until it and its target have ended: one descriptor for launchers that
// run one after the other. It is an eventfd: its counter, which the launcher adds to once, is the report.
class ReportChannel {
 public:
  // The descriptor, opened at the first call.
  Result<int> open();
  // What the last launcher, which has ended, has reported.
  Result<std::optional<Report>> take();

 private:
  UniqueFd fd_;
};

}  // namespace apparmor
