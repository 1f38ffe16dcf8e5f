#include "core/report.h"

#include <fcntl.h>
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

// In a process of its own: it closes the standard descriptors.
int numbersWithoutStandardOnes() {
  const pid_t child = fork();
  if (child == 0) {
    for (int fd = 0; fd <= 2; ++fd) close(fd);
    auto pipe = ReportPipe::open();
    const bool above = pipe && pipe->readEnd() > 2 && pipe->writeEnd() > 2;
    const bool free = fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 && fcntl(2, F_GETFD) < 0;
    const bool closing = fcntl(pipe->readEnd(), F_GETFD) == FD_CLOEXEC &&
                         fcntl(pipe->writeEnd(), F_GETFD) == FD_CLOEXEC;
    _exit(above && free && closing ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

}  // namespace

void testReport() {
  testTaking();
  check(numbersWithoutStandardOnes() == 0,
        "a report pipe never takes the number of a standard descriptor, and closes on exec");
}
