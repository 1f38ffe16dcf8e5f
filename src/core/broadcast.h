// Stops every other thread of the process, has each run one action, and lets them go on.
//
// Kernel contract: only a thread itself may change its label, so every thread must run code of
// ours. A signal brings it there. Number 33 is the one no thread of a libc program blocks: glibc
// keeps it for setuid() and does not let sigprocmask() block it; on musl it is free in practice.
//
// What makes it safe, each point the answer to a failure that was seen:
//  - Two steps: first all threads arrive and wait, then all act. Whatever can go wrong with reaching
//    them (one that does not answer, may not be signalled, is the kernel's own, is just being born)
//    is known before anything has changed, and a stopped process starts no threads.
//  - A signal that is not ours goes on to the handler that was there: without that, setuid() hangs.
//  - The handler is never taken out again, and the shared object is linked -z nodelete: restoring
//    races with libc, and an unmapped handler crashes the next setuid().
//  - A thread that comes late, when the attempt has been given up, finds that nobody waits for it
//    and does nothing. What it touches is never freed.
//  - The program's own signals wait meanwhile, on the stopped threads and on the asking one: their
//    handlers may need a lock that a stopped thread holds.
//  - From the first signal to release() the stopped threads may hold any lock, malloc's included.
//    So nothing between the two allocates, locks, or calls anything but the kernel.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "task_list.h"

namespace apparmor {

// What a thread's action returned.
struct Answer {
  pid_t tid;
  int error;
};

// One attempt. Not for two threads at once: the caller takes turns.
class Broadcast {
 public:
  // Async-signal-safe, on a small stack. Returns 0 or an errno.
  using Action = int (*)(const void* subject, pid_t tid) noexcept;

  // Allocates all that is needed.
  Broadcast(const TaskList& tasks, Action action, const void* subject);
  ~Broadcast() { release(); }
  Broadcast(const Broadcast&) = delete;
  Broadcast& operator=(const Broadcast&) = delete;

  // A thread that is not to be stopped, because it is ending.
  void exclude(pid_t tid);

  // Stops every other thread. 0, or why not (nothing has changed then): ETIMEDOUT; EACCES or EPERM
  // when one may not be signalled; EXDEV when one is io_uring's own and keeps its credentials;
  // EAGAIN when there are suddenly too many; what the list of threads was refused with.
  int stop(int64_t deadlineNs);
  // Has every stopped thread act, and waits for them.
  void act();
  void release();

  // After act(): every thread that was stopped, and what its action returned.
  const Answer* begin() const { return answers_.get(); }
  const Answer* end() const { return answers_.get() + answered_; }

 private:
  enum class State : char { waiting, stopped, ended, kernels };
  struct Asked {
    pid_t tid;
    State state;
  };
  bool remember(pid_t tid);
  int ask(pid_t tid, int64_t deadlineNs);
  void collectArrivals();
  int dropThoseThatCannotArrive();
  int awaitArrivals(int64_t deadlineNs);

  const TaskList& tasks_;
  const uint32_t number_;
  size_t capacity_ = 1024;
  std::unique_ptr<pid_t[]> seen_;   // a hash set, twice as large as it may get full
  std::unique_ptr<Asked[]> asked_;  // in the order of asking, which numbers the slots too
  std::unique_ptr<Answer[]> answers_;
  size_t count_ = 0;
  size_t waiting_ = 0;
  size_t answered_ = 0;
  bool held_ = false;
  uint64_t mask_ = 0;  // the signals that the calling thread blocked before
};

}  // namespace apparmor
