// The threads of this process as the kernel lists them. System calls only, no allocation after the
// list is opened: it is read while other threads are stopped and may hold malloc's locks.
//
// Not by libapparmor: aa_gettaskcon(3) allocates, and malloc's lock may be a stopped thread's.
//
// Kernel contract: /proc/self/task has one entry for each thread, and its link count says how many they are. A
// listing can be cut short when a thread ends meanwhile, so one listing alone does not tell that it is whole.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "../decimal.h"

namespace apparmor {

// Calls visit(name) for every entry of an open directory but "." and ".."; 0 or an errno. Never for two callers at
// once, nor for one within the other.
template <class Visit>
int eachEntry(int directory, Visit visit);

class TaskList {
 public:
  // Opened at load, and kept: later there may be no descriptor left, no /proc, or a profile that does not let
  // it be read. Each use checks that the descriptor is still ours, and opens another when it is not: the
  // program may have closed it, and something else may have its number now.
  static TaskList& ofThisProcess();

  // 0 when there is a list of this process's threads; EPROTONOSUPPORT when what stands at its place
  // is none, or counts threads as another PID namespace does; else why it cannot be opened.
  int ensure();

  // How many threads there are now (the directory's link count knows), or a negative errno.
  long count() const;

  // Calls visit(tid) for every thread; 0 or an errno. Never for two callers at once.
  template <class Visit>
  int each(Visit visit) {
    if (const int error = ensure()) return error;
    return eachEntry(fd_, [&](const char* name) { visit(static_cast<pid_t>(parseDecimal(name))); });
  }

  // `kernels`: a thread of io_uring, which runs in the kernel only and takes no signals. `ending`: on its way
  // out, and never again in the program's code. `gone`: not listed any more.
  enum class Kind { user, kernels, ending, gone, unknown };
  Kind kind(pid_t tid) const;
  // What the text of a thread's stat file says.
  static Kind kindOf(const char* stat);

  // What /proc says of a thread's label; the length, or a negative errno.
  long label(pid_t tid, char* buffer, size_t size) const;

  // Is the calling thread in a hat? False where that may not be read.
  bool isInHat(pid_t tid) const;

  // Opens the attribute that holds the calling thread's label, to be written; the descriptor, or a negative
  // errno: EPROTONOSUPPORT when what stands there is not of this /proc.
  int openLabel(pid_t tid) const;

  // Opens a directory of a thread, "fd" or "fdinfo"; the descriptor, or a negative errno.
  int openDirectory(pid_t tid, const char* name) const;

 private:
  TaskList() { open(); }
  int open();
  int check() const;
  long read(pid_t tid, const char* file, char* buffer, size_t size) const;

  int fd_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// A directory's entries, a buffer full of them at a time.
class Entries {
 public:
  explicit Entries(int directory) : directory_(directory) {}
  // From the beginning; 0 or an errno.
  int rewind() const;
  // The next name; null at the end, or with error().
  const char* next();
  int error() const { return error_; }

 private:
  int directory_;
  int error_ = 0;
  long size_ = 0;
  long at_ = 0;
};

template <class Visit>
int eachEntry(int directory, Visit visit) {
  Entries entries(directory);
  if (const int error = entries.rewind()) return error;
  while (const char* name = entries.next()) {
    if (name[0] != '.') visit(name);
  }
  return entries.error();
}

// CLOCK_MONOTONIC in nanoseconds.
int64_t monotonicNs() noexcept;

}  // namespace apparmor
