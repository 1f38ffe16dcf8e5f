// Small files of /proc and of the policy interface, read below a directory that stays open.
#pragma once

#include <dirent.h>
#include <sched.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>

#include "unique_fd.h"

namespace apparmor {

class Directory {
 public:
  // Below `parent`, or from where `path` says. Tests false with errno set when it cannot be opened.
  Directory(const Directory& parent, const char* path);
  explicit Directory(const char* path);

  explicit operator bool() const { return static_cast<bool>(fd_); }

  // The file without the newline at its end; 0, or an errno.
  // Kernel contract: these files give all they have to one read that is large enough, so no second one
  // asks for their end.
  int read(const char* path, std::string& text) const;

  // What tells it from one that had its name before.
  ino_t inode() const;

  // Whether it lies in a procfs, and in nothing else that is mounted there.
  bool isProc() const;

  // Where a symbolic link leads; 0, or an errno.
  int readLink(const char* path, std::string& target) const;

  // Calls visit(name) for every entry that does not begin with a dot; 0, or an errno.
  template <class Visit>
  int each(Visit visit) const {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(openStream(), closedir);
    if (!stream) return errno;
    int count = 0;
    errno = 0;
    while (const dirent* entry = readdir(stream.get())) {
      if (entry->d_name[0] != '.') visit(static_cast<const char*>(entry->d_name));
      // With one CPU, other threads (the event loop's) would wait for the end of a time slice.
      if (++count % 4 == 0) sched_yield();
      errno = 0;
    }
    return errno;
  }

 private:
  DIR* openStream() const;
  UniqueFd fd_;
};

}  // namespace apparmor
