// Small files of /proc and of the policy interface, read below a directory that stays open.
//
// Not by libapparmor: it reads one thing by its whole path, where thousands of files are read here.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <functional>
#include <string>

#include "../unique_fd.h"

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
  int each(const std::function<void(const char*)>& visit) const;

 private:
  UniqueFd fd_;
};

}  // namespace apparmor
