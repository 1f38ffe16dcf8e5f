#include "core/task_list.h"

#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <thread>
#include <vector>

#include "test.h"

using apparmor::TaskList;
using test::check;

void testTaskList() {
  const TaskList& list = TaskList::ofThisProcess();
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
  check(list.kind(0x7fffffff) == TaskList::Kind::ended, "one that does not exist has ended");
}
