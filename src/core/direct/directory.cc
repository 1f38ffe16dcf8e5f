#include "directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace apparmor {
namespace {

constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr size_t kFirst = 4096;
constexpr size_t kMost = 1 << 20;

}  // namespace

Directory::Directory(const Directory& parent, const char* path)
    : fd_(openat(parent.fd_.get(), path, kFlags)) {}

Directory::Directory(const char* path) : fd_(open(path, kFlags)) {}

int Directory::read(const char* path, std::string& text) const {
  // The revision of a policy waits for the next one when there is none yet.
  const UniqueFd fd(openat(fd_.get(), path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return errno;
  for (size_t size = kFirst;; size *= 4) {
    text.resize(size);
    ssize_t n = -1;
    do {
      n = pread(fd.get(), text.data(), size, 0);
    } while (n < 0 && errno == EINTR);
    const int error = n < 0 ? errno : 0;
    text.resize(n < 0 ? 0 : static_cast<size_t>(n));
    if (error != 0) return error;
    if (text.size() < size || size >= kMost) break;
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.pop_back();
  return 0;
}

ino_t Directory::inode() const {
  struct stat status {};
  return fstat(fd_.get(), &status) == 0 ? status.st_ino : 0;
}

bool Directory::isProc() const {
  struct statfs status {};
  return fstatfs(fd_.get(), &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

int Directory::readLink(const char* path, std::string& target) const {
  target.resize(4096);
  const ssize_t n = readlinkat(fd_.get(), path, target.data(), target.size());
  target.resize(n < 0 ? 0 : static_cast<size_t>(n));
  return n < 0 ? errno : 0;
}

int Directory::each(const std::function<void(const char*)>& visit) const {
  const int fd = openat(fd_.get(), ".", kFlags);
  DIR* const stream = fd < 0 ? nullptr : fdopendir(fd);
  if (stream == nullptr) {
    const int error = errno;
    if (fd >= 0) close(fd);
    return error;
  }
  int count = 0;
  errno = 0;
  while (const dirent* entry = readdir(stream)) {
    if (entry->d_name[0] != '.') visit(entry->d_name);
    // With one CPU, other threads (the event loop's) would wait for the end of a time slice.
    if (++count % 4 == 0) sched_yield();
    errno = 0;
  }
  const int error = errno;
  closedir(stream);
  return error;
}

}  // namespace apparmor
