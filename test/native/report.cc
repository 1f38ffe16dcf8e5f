#include "core/report.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "test.h"

using apparmor::Report;
using apparmor::ReportPipe;
using test::check;

namespace {

// What is taken of a child that writes some reports, and then ends or is killed.
std::optional<Report> taken(std::initializer_list<Report> reports, bool killed, bool* left) {
  auto pipe = ReportPipe::open();
  const pid_t child = fork();
  if (child == 0) {
    for (const Report& report : reports) {
      if (write(pipe->writeEnd(), report.data(), sizeof report) < 0) _exit(1);
    }
    if (killed) kill(getpid(), SIGKILL);
    _exit(0);
  }
  const auto report = pipe->take(child);
  *left = waitpid(child, nullptr, 0) == child;
  return report ? *report : std::nullopt;
}

void testTaking() {
  bool left = false;
  check(taken({{4, 0}}, false, &left) == Report{4, 0} && left,
        "a launcher that has executed its target is left to others");
  check(taken({{4, 0}, {4, ENOENT}}, false, &left) == Report{4, ENOENT} && !left,
        "one that could not has been waited for");
  check(taken({{2, ENOENT}}, false, &left) == Report{2, ENOENT} && !left,
        "one that was refused has been waited for");
  check(taken({}, false, &left) == Report{1, EPROTO} && !left,
        "a program that ends without a word is not the launcher");
  check(!taken({}, true, &left) && left, "one that a signal has ended is left to others");
}

bool isNull(int fd) {
  struct stat file {};
  return fstat(fd, &file) == 0 && file.st_rdev == makedev(1, 3);
}

bool isOpen(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

bool isAboveAndCloses(int fd) {
  return fd > STDERR_FILENO && fcntl(fd, F_GETFD) == FD_CLOEXEC;
}

// In a process of its own: it closes standard descriptors, those whose bit is set.
int statusWithout(int missing) {
  const pid_t child = fork();
  if (child == 0) {
    for (int fd = 0; fd <= 2; ++fd) {
      if (missing & 1 << fd) close(fd);
    }
    bool right = true;
    {
      auto pipe = ReportPipe::open();
      right = pipe && isAboveAndCloses(pipe->readEnd()) && isAboveAndCloses(pipe->writeEnd());
      for (int fd = 0; fd <= 2; ++fd) right = right && (isNull(fd) || !(missing & 1 << fd));
    }
    for (int fd = 0; fd <= 2; ++fd) right = right && isOpen(fd) == !(missing & 1 << fd);
    _exit(right ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

}  // namespace

void testReport() {
  testTaking();
  for (int missing = 0; missing < 8; ++missing) {
    check(statusWithout(missing) == 0,
          "a report pipe leaves the numbers of the standard descriptors alone, and holds those "
          "that are "
          "missing while it is there");
  }
}
