#include "report.h"

#include <unistd.h>

#include <cerrno>

#include "unique_fd.h"

namespace apparmor {

Result<std::optional<Report>> takeReport(int readEnd, int writeEnd) {
  const UniqueFd from(readEnd);
  close(writeEnd);
  Report report;
  ssize_t size;
  do {
    size = read(from.get(), report.data(), sizeof report);
  } while (size < 0 && errno == EINTR);
  if (size == 0) return std::optional<Report>();
  // A write to a pipe is never split when it is as small as a report.
  if (size != sizeof report) return Failure{size < 0 ? errno : EPROTO, "read"};
  return std::optional(report);
}

}  // namespace apparmor
