#include "report.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace apparmor {
namespace {

constexpr int32_t kArguments = 1;  // The launcher's stages, as in src/launcher/launcher.c.

bool isStandard(const UniqueFd& fd) {
  return fd.get() >= 0 && fd.get() <= STDERR_FILENO;
}

// A descriptor above the standard ones for the same file.
UniqueFd lift(UniqueFd fd) {
  if (!isStandard(fd)) return fd;
  return UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

Result<std::optional<Report>> lastReport(int fd) {
  std::optional<Report> last;
  for (;;) {
    Report report;
    const ssize_t size = read(fd, report.data(), sizeof report);
    if (size == 0) return last;
    if (size < 0 && errno == EINTR) continue;
    // A write to a pipe is never split when it is as small as a report.
    if (size != sizeof report) return Failure{size < 0 ? errno : EPROTO, "read"};
    last = report;
  }
}

// How a child has ended. It stays to be waited for.
siginfo_t endOf(pid_t child) {
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  return info;
}

void reap(pid_t child) {
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<ReportPipe> ReportPipe::open() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Failure{errno, "pipe2"};
  ReportPipe pipe;
  pipe.read_ = UniqueFd(ends[0]);
  pipe.write_ = UniqueFd(ends[1]);
  if (isStandard(pipe.read_) || isStandard(pipe.write_)) {
    pipe.read_ = lift(std::move(pipe.read_));
    pipe.write_ = lift(std::move(pipe.write_));
    if (!pipe.read_ || !pipe.write_) return Failure{errno, "pipe2"};
    // The lowest free number is always the one that is taken.
    for (UniqueFd& missing : pipe.standard_) {
      UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
      if (!isStandard(null)) break;
      missing = std::move(null);
    }
  }
  return Result<ReportPipe>(std::move(pipe));
}

double ReportPipe::inode() const {
  struct stat file {};
  fstat(write_.get(), &file);
  return static_cast<double>(file.st_ino);
}

Result<std::optional<Report>> ReportPipe::take(pid_t launcher) {
  write_ = UniqueFd();
  auto report = lastReport(read_.get());
  if (!report || launcher <= 0) return report;
  // A program that ends without a word is not the launcher.
  if (!*report && endOf(launcher).si_code == CLD_EXITED) *report = Report{kArguments, EPROTO};
  if (*report && (**report)[1] != 0) reap(launcher);
  return report;
}

}  // namespace apparmor
