// Runs one action on every other thread of the process, and holds them all until it is released.
//
// Kernel contract: only a thread itself may change its label, so every thread must run code of
// ours. A signal brings it there. Number 33 is the one no thread of a libc program blocks: glibc
// keeps it for setuid() and does not let sigprocmask() block it; on musl it is free in practice.
//
// What makes it safe, each point the answer to a failure that was seen:
//  - A signal that is not ours goes on to the handler that was there: without that, setuid() hangs.
//  - The handler is never taken out again, and the shared object is linked -z nodelete: restoring
//    races with libc, and an unmapped handler crashes the next setuid().
//  - Threads that have answered wait until all have: one that ran on could start a thread that has
//    the new label already, be asked again, and be refused.
//  - From the first signal to release() other threads may hold any lock, malloc's included. So
//    nothing between the two allocates, locks, or calls anything but the kernel.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "task_list.h"

namespace apparmor {

// What a thread answered. error: 0, the action's errno, or the one with which it could not be
// asked.
struct Answer {
  pid_t tid;
  int error;
};

class Broadcast {
 public:
  // Async-signal-safe, on a small stack. Returns 0 or an errno.
  using Action = int (*)(const void* subject) noexcept;

  // Allocates all that is needed, and sees that the handler is in place. `subject` must outlive
  // every thread that was asked: unless complete(), it has to live for ever.
  Broadcast(const TaskList& tasks, Action action, const void* subject);
  ~Broadcast();  // releases
  Broadcast(const Broadcast&) = delete;
  Broadcast& operator=(const Broadcast&) = delete;

  // A thread that is not to be asked, because it is ending.
  void exclude(pid_t tid);

  // Asks every other thread until no new one appears and all have answered: 0, ETIMEDOUT, or the
  // errno with which the threads could not be listed. They stay stopped until release().
  int gather(int64_t deadlineNs);
  void release();

  // Every thread that was asked has answered or ended.
  bool complete() const { return waiting_ == 0; }
  // The first errno among the answers, 0 when all went well.
  int firstError() const;
  size_t succeeded() const;
  const Answer* begin() const { return answers_.get(); }
  const Answer* end() const { return answers_.get() + answered_; }

 private:
  struct Generation;
  struct Asked;
  Asked& lookUp(pid_t tid);
  void ask(pid_t tid, int64_t deadlineNs);
  void collect();
  void dropThoseThatCannotAnswer();
  int awaitAnswers(int64_t deadlineNs);

  friend class SignalHandler;

  const TaskList& tasks_;
  std::unique_ptr<Generation> generation_;
  size_t capacity_;
  std::unique_ptr<Asked[]> asked_;
  std::unique_ptr<Answer[]> answers_;
  size_t used_ = 0;
  size_t answered_ = 0;
  size_t waiting_ = 0;
  bool released_ = true;
};

}  // namespace apparmor
