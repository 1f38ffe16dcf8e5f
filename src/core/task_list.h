// The threads of this process as the kernel lists them. System calls only, no allocation after the
// list is opened: it is read while other threads are stopped and may hold malloc's locks.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace apparmor {

class TaskList {
 public:
  // Opened once, at load, and kept: later there may be no descriptor left, no /proc, or a profile
  // that does not let it be read.
  static const TaskList& ofThisProcess();

  // How many threads there are now (the directory's link count knows), or a negative errno.
  long count() const;

  // Calls visit(tid) for every thread; 0 or an errno. Never for two callers at once.
  template <class Visit>
  int each(Visit visit) const {
    if (const int error = rewind()) return error;
    while (true) {
      const long size = fill();
      if (size <= 0) return static_cast<int>(-size);
      for (long at = 0; at < size;)
        if (const pid_t tid = next(at)) visit(tid);
    }
  }

  enum class Kind { user, worker, poller, ended, unknown };
  // Threads of io_uring run in the kernel only and take no signals: workers act with the
  // credentials of whoever submitted the request, pollers (SQPOLL) with those of their creator, for
  // ever.
  Kind kind(pid_t tid) const;
  // What the text of a thread's stat file says.
  static Kind kindOf(const char* stat);

  // What /proc says of a thread's label; the length, or a negative errno.
  long label(pid_t tid, char* buffer, size_t size) const;

 private:
  TaskList();
  int rewind() const;
  long fill() const;
  static pid_t next(long& offset);
  long read(pid_t tid, const char* file, char* buffer, size_t size) const;

  int fd_;
  int error_;  // of opening it
};

// CLOCK_MONOTONIC in nanoseconds.
int64_t monotonicNs() noexcept;

}  // namespace apparmor
