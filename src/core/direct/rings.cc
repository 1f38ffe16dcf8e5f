#include "rings.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "../unique_fd.h"

namespace apparmor {
namespace {

constexpr char kTarget[] = "anon_inode:[io_uring]";
constexpr size_t kTargetSize = sizeof kTarget - 1;

// Long enough for a ring's requests, which come before what is looked for. One caller at a time.
char gText[64 * 1024];

// While a ring is in use the kernel does not say whether it has a poller, or says no. It is asked again.
constexpr int kTimes = 20;

bool isRing(int descriptors, const char* name) {
  char target[kTargetSize + 1];
  const ssize_t n = readlinkat(descriptors, name, target, sizeof target);
  return n == static_cast<ssize_t>(kTargetSize) && memcmp(target, kTarget, kTargetSize) == 0;
}

Rings ask(int infos, const char* name) {
  const UniqueFd fd(openat(infos, name, O_RDONLY | O_CLOEXEC));
  if (!fd) return Rings::unknown;
  size_t size = 0;
  ssize_t n = 1;
  while (n > 0 && size < sizeof gText - 1) {
    n = read(fd.get(), gText + size, sizeof gText - 1 - size);
    if (n > 0) size += static_cast<size_t>(n);
  }
  gText[size] = '\0';
  return ringOf(gText);
}

Rings askOften(int infos, const char* name) {
  Rings answer = Rings::unknown;
  for (int i = 0; i < kTimes; ++i) {
    const Rings now = ask(infos, name);
    if (now == Rings::polled) return now;
    if (now == Rings::plain) answer = now;
    const timespec pause{0, 200'000};
    nanosleep(&pause, nullptr);
  }
  return answer;
}

}  // namespace

Rings ringsOf(const TaskList& tasks, pid_t tid) {
  const UniqueFd descriptors(tasks.openDirectory(tid, "fd"));
  const UniqueFd infos(tasks.openDirectory(tid, "fdinfo"));
  if (!descriptors || !infos) return Rings::unknown;
  Rings all = Rings::unknown;
  Rings worst = Rings::plain;
  const int error = eachEntry(descriptors.get(), [&](const char* name) {
    if (worst != Rings::plain || !isRing(descriptors.get(), name)) return;
    all = Rings::plain;
    worst = askOften(infos.get(), name);
  });
  if (error != 0) return Rings::unknown;
  return worst == Rings::plain ? all : worst;
}

Rings ringOf(const char* fdinfo) {
  constexpr char kField[] = "\nSqThread:\t";
  const char* at = strstr(fdinfo, kField);
  if (at == nullptr) return Rings::unknown;
  return at[sizeof kField - 1] == '-' ? Rings::plain : Rings::polled;
}

}  // namespace apparmor
