// What the launcher says of its work (src/launcher/launcher.c): eight bytes each on a descriptor that it alone
// has. It closes on exec, so end-of-file tells when the target runs.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>

#include "result.h"
#include "unique_fd.h"

namespace apparmor {

using Report = std::array<int32_t, 2>;  // stage, positive errno

// One pipe for one launcher. A child may inherit the standard descriptors by their numbers. Where this process has
// closed one of those, the pipe does not take its place, nor does libuv, which would abort: /dev/null is there as
// long as the pipe is.
class ReportPipe {
 public:
  static Result<ReportPipe> open();

  int readEnd() const { return read_.get(); }
  int writeEnd() const { return write_.get(); }
  // By which the launcher knows it.
  double inode() const;

  // Closes the write end, waits until the launcher has ended or has executed its target, and returns the last
  // that it reported. A launcher that failed is gone then: it has been waited for. Nothing, when a signal
  // ended the launcher first. `launcher` is 0 where others wait for it.
  Result<std::optional<Report>> take(pid_t launcher);

 private:
  std::array<UniqueFd, 3> standard_;  // the missing ones
  UniqueFd read_;
  UniqueFd write_;
};

}  // namespace apparmor
