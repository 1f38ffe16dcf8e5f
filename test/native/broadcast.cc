#include "core/direct/broadcast.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <set>
#include <thread>
#include <vector>

#include "test.h"

using apparmor::Action;
using apparmor::Answer;
using apparmor::Broadcast;
using apparmor::monotonicNs;
using apparmor::TaskList;
using test::check;

namespace {

constexpr int64_t kSecond = 1'000'000'000;

std::atomic<int> gPrepared{0};
std::atomic<int> gActed{0};
std::atomic<pid_t> gRefuses{0};

int prepare(const void*, pid_t tid, int& fd) noexcept {
  ++gPrepared;
  fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  return tid == gRefuses.load() ? EACCES : 0;
}

int act(const void*, pid_t tid, int fd, uint64_t& print) noexcept {
  ++gActed;
  print = static_cast<uint64_t>(tid);
  return write(fd, "", 1) == 1 ? 0 : errno;
}

const Action kAction{prepare, act, nullptr};

size_t openDescriptors() {
  DIR* const directory = opendir("/proc/self/fd");
  size_t count = 0;
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

// Threads that start others and end, as fast as they can.
class Storm {
 public:
  Storm() {
    for (int i = 0; i < 4; ++i) roots_.emplace_back([this] { raise(); });
  }
  ~Storm() {
    over_ = true;
    for (auto& root : roots_) root.join();
  }

 private:
  void raise() {
    while (!over_) {
      std::thread child([] { std::thread([] {}).join(); });
      child.join();
    }
  }
  std::atomic<bool> over_{false};
  std::vector<std::thread> roots_{};
};

// Every thread that is listed while all are stopped has answered. Allocates nothing in between.
bool reachesAll(TaskList& list) {
  std::vector<pid_t> listed(4096);
  size_t count = 0;
  Broadcast others(list, kAction);
  if (others.stop(monotonicNs() + 20 * kSecond)) return false;
  others.act();
  const int error = list.each([&](pid_t tid) { listed[count++ % listed.size()] = tid; });
  std::vector<pid_t>& left = listed;
  for (const Answer& answer : others) {
    if (answer.error != 0 || answer.print != static_cast<uint64_t>(answer.tid)) count = 0;
    std::replace(left.begin(), left.end(), answer.tid, pid_t{0});
  }
  // What is on its way out needs no answer.
  for (pid_t& tid : left) {
    if (tid != 0 && tid != getpid() && list.kind(tid) != TaskList::Kind::user) tid = 0;
  }
  others.release();
  std::replace(left.begin(), left.end(), getpid(), pid_t{0});
  return error == 0 && count > 0 && std::all_of(left.begin(), left.end(), [](pid_t tid) {
           return tid == 0;
         });
}

void storm(TaskList& list) {
  const size_t before = openDescriptors();
  bool all = true;
  {
    const Storm threads;
    for (int i = 0; i < 100 && all; ++i) all = reachesAll(list);
  }
  check(all, "in a storm of threads each one is reached, or has ended");
  check(openDescriptors() == before, "and what they have opened is closed");
}

void refusal(TaskList& list) {
  std::atomic<pid_t> tid{0};
  std::atomic<bool> over{false};
  std::thread one([&] {
    tid = static_cast<pid_t>(syscall(SYS_gettid));
    while (!over) usleep(1000);
  });
  while (tid == 0) usleep(1000);
  gRefuses = tid.load();
  gActed = 0;
  int refused = 0;
  {
    Broadcast others(list, kAction);
    check(!others.stop(monotonicNs() + 20 * kSecond), "all arrive");
    for (const Answer& answer : others) refused += answer.error == EACCES && answer.tid == tid;
  }
  check(refused == 1 && gActed == 0, "a thread that would refuse is known before any has acted");
  gRefuses = 0;
  over = true;
  one.join();
}

// A thread that blocks the signal as no libc lets it.
void late(TaskList& list) {
  std::atomic<int> step{0};
  std::thread one([&] {
    const uint64_t bit = 1ULL << 32;
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &bit, nullptr, sizeof bit);
    step = 1;
    while (step == 1) usleep(1000);
    syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &bit, nullptr, sizeof bit);
    step = 3;
    while (step == 3) usleep(1000);
  });
  while (step == 0) usleep(1000);
  gPrepared = 0;
  gActed = 0;
  {
    Broadcast others(list, kAction);
    const auto failure = others.stop(monotonicNs() + kSecond / 5);
    check(failure && failure->error == ETIMEDOUT, "a thread that does not come in time");
  }
  const int prepared = gPrepared;
  step = 2;
  while (step != 3) usleep(1000);
  check(gPrepared == prepared && gActed == 0, "does nothing when it comes too late");
  check(reachesAll(list), "and the next time it is there");
  step = 4;
  one.join();
}

}  // namespace

void testBroadcast() {
  TaskList& list = TaskList::ofThisProcess();
  storm(list);
  refusal(list);
  late(list);
}
