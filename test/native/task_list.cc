#include "core/direct/task_list.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <climits>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "test.h"

using apparmor::TaskList;
using test::check;

namespace {

// The descriptor of the list among those of this process.
int descriptor() {
  const std::string wanted = "/proc/" + std::to_string(getpid()) + "/task";
  for (int fd = 3; fd < 1000; ++fd) {
    char target[PATH_MAX];
    const ssize_t n = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target);
    if (n > 0 && std::string_view(target, static_cast<size_t>(n)) == wanted) return fd;
  }
  return -1;
}

size_t listed(TaskList& list) {
  size_t count = 0;
  return list.each([&](pid_t) { ++count; }) == 0 ? count : 0;
}

void closedByOthers(TaskList& list) {
  const size_t before = listed(list);
  for (const char* other : {"/", "/proc/1/task", "/proc/self/fd"}) {
    const int fd = descriptor();
    close(fd);
    check(listed(list) == before, "a list that others have closed is opened again");
    close(descriptor());
    const int taken = open(other, O_RDONLY | O_DIRECTORY);
    check(listed(list) == before && fcntl(taken, F_GETFD) >= 0,
          "also when its number is something else's by now, which is left alone");
    close(taken);
  }
}

void kinds() {
  using Kind = TaskList::Kind;
  const auto kind = [](const char* stat) { return TaskList::kindOf(stat); };
  check(kind("1 (a) b) S 1 1 1 0 -1 4194560 1") == Kind::user, "flags come behind the last bracket");
  check(kind("1 (iou-wrk-1) S 1 1 1 0 -1 16 1") == Kind::kernels &&
            kind("1 (iou-sqp-1) S 1 1 1 0 -1 4194560 1") == Kind::user,
        "they tell a thread of the kernel's, and its name does not");
  check(kind("1 (a) Z 1 1 1 0 -1 4228108 1") == Kind::ending &&
            kind("1 (iou-wrk-1) X 1 1 1 0 -1 20 1") == Kind::ending,
        "and one that ends");
  check(kind("1 (a") == Kind::unknown && kind("1 (a) S 1 1") == Kind::unknown, "or nothing");
}

}  // namespace

void testTaskList() {
  TaskList& list = TaskList::ofThisProcess();
  constexpr int kThreads = 200;
  const long before = list.count();
  std::barrier start(kThreads + 1);
  std::barrier end(kThreads + 1);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      end.arrive_and_wait();
    });
  }
  start.arrive_and_wait();
  std::vector<pid_t> seen;
  const auto visit = [&](pid_t tid) { seen.push_back(tid); };
  check(list.each(visit) == 0, "the threads of this process can be listed");
  std::sort(seen.begin(), seen.end());
  check(std::adjacent_find(seen.begin(), seen.end()) == seen.end(), "each one once");
  check(static_cast<long>(seen.size()) == list.count() && list.count() == before + kThreads,
        "and all of them, as the link count says");
  check(std::binary_search(seen.begin(), seen.end(), getpid()), "the caller too");
  check(list.kind(getpid()) == TaskList::Kind::user, "a thread of a program is a user's");
  end.arrive_and_wait();
  for (auto& thread : threads) thread.join();
  closedByOthers(list);
  kinds();
  check(list.kind(0x7fffffff) == TaskList::Kind::gone, "one that does not exist is gone");
}
