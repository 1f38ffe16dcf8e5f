#include "report.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace apparmor {
namespace {

// No error at end-of-file.
Result<std::optional<Report>> readReport(int fd) {
  Report report;
  ssize_t size = 0;
  do {
    size = read(fd, report.data(), sizeof report);
  } while (size < 0 && errno == EINTR);
  if (size == 0) return std::optional<Report>();
  // A write to a pipe is never split when it is as small as a report.
  if (size != sizeof report) return Failure{size < 0 ? errno : EPROTO, "read"};
  return std::optional(report);
}

}  // namespace

Result<std::optional<Report>> takeReport(int readEnd, int writeEnd) {
  const UniqueFd from(readEnd);
  close(writeEnd);
  return readReport(from.get());
}

Result<int> ReportChannel::open() {
  if (!fd_) fd_ = UniqueFd(eventfd(0, EFD_CLOEXEC));
  if (!fd_) return Failure{errno, "eventfd2"};
  return fd_.get();
}

Result<std::optional<Report>> ReportChannel::take() {
  // Asked first: whether a read would wait is not ours to say, since libuv 1.53 and Deno make the descriptors
  // that a child inherits wait.
  pollfd ready{fd_.get(), POLLIN, 0};
  int count = 0;
  do {
    count = poll(&ready, 1, 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return Failure{errno, "poll"};
  if (count == 0) return std::optional<Report>();
  return readReport(fd_.get());
}

}  // namespace apparmor
