// Stops every other thread of the process, has each run one action, and lets them go on.
//
// Not by libapparmor: it changes the calling thread only, and allocates and locks, which a signal handler must not.
//
// Kernel contract: only a thread itself may change its label, so every thread must run code of
// ours. A signal brings it there (handler.h).
//
// What makes it safe, each point the answer to a failure that was seen:
//  - Two steps: first all threads arrive, prepare and wait, then all act. Whatever can go wrong with reaching
//    them (one that does not answer, may not be signalled, is the kernel's own, is just being born)
//    is known before anything has changed, and what a thread itself can find out beforehand, too.
//  - All are there when a whole listing shows no thread but those that are stopped, those of the kernel, and
//    those on their way out: only a thread that is none of these could start another.
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
#include <optional>

#include "../result.h"
#include "task_list.h"

namespace apparmor {

// What one thread does. Async-signal-safe, on a small stack.
struct Action {
  // Before anything changes: 0, or the errno for which it would refuse. What it opens it leaves in `fd`, which
  // is closed for it afterwards.
  int (*prepare)(const void* subject, pid_t tid, int& fd) noexcept;
  // 0 or an errno; `print` is whatever it has to say beyond that.
  int (*act)(const void* subject, pid_t tid, int fd, uint64_t& print) noexcept;
  const void* subject;
};

// What a thread's step returned.
struct Answer {
  pid_t tid;
  int error;
  uint64_t print;
};

// One attempt. Not for two threads at once: the caller takes turns.
class Broadcast {
 public:
  // Allocates all that is needed. The action's subject has to outlive it.
  Broadcast(TaskList& tasks, const Action& action);
  ~Broadcast() { release(); }
  Broadcast(const Broadcast&) = delete;
  Broadcast& operator=(const Broadcast&) = delete;

  // Stops every other thread, and has each prepare. Nothing, or why not (nothing has changed then), by call:
  //  - "rt_tgsigqueueinfo": one may not be signalled (EACCES, EPERM), or the queue of signals is full (EAGAIN)
  //  - "getdents64": there is no list of the threads
  //  - "io_uring": one is io_uring's own, and may keep its credentials
  //  - "clone": there are suddenly too many (EAGAIN)
  //  - "futex": not all arrived in time (ETIMEDOUT)
  std::optional<Failure> stop(int64_t deadlineNs);
  // Has every stopped thread act, and waits for them.
  void act();
  void release();

  // Every thread that was stopped, and what its last step returned.
  const Answer* begin() const { return answers_.get(); }
  const Answer* end() const { return answers_.get() + answered_; }

 private:
  enum class State : char { waiting, stopped, ending, kernels };
  struct Asked {
    pid_t tid;
    State state;
  };
  struct Known {
    pid_t tid;
    size_t index;   // in asked_
    uint32_t look;  // the last that showed it
  };
  // What a look at the list of threads has shown.
  struct Look {
    long listed = 0;
    bool self = false;
    bool news = false;
    size_t loose = 0;  // how many take no part and are not new
  };

  Known& find(pid_t tid);
  std::optional<Failure> look(Look& look, int64_t deadlineNs);
  std::optional<Failure> ask(pid_t tid, int64_t deadlineNs);
  std::optional<Failure> awaitArrivals(int64_t deadlineNs);
  void collectArrivals();
  void classify();
  std::optional<Failure> confirm(const Look& look, int64_t deadlineNs, bool& whole);
  void collectAnswers();
  void revoke();

  TaskList& tasks_;
  const pid_t self_;
  const uint32_t number_;
  size_t capacity_ = 1024;
  std::unique_ptr<Known[]> known_;  // a hash table, twice as large as it may get full
  std::unique_ptr<Asked[]> asked_;  // in the order of asking, which numbers the slots too
  std::unique_ptr<size_t[]> loose_;
  std::unique_ptr<Answer[]> answers_;
  size_t count_ = 0;
  size_t waiting_ = 0;
  size_t answered_ = 0;
  uint32_t looks_ = 0;
  bool held_ = false;
  uint64_t mask_ = 0;  // the signals that the calling thread blocked before
};

}  // namespace apparmor
