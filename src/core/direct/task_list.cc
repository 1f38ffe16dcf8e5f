#include "task_list.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "attr.h"

namespace apparmor {
namespace {

struct Entry {  // struct linux_dirent64
  uint64_t inode;
  int64_t offset;
  unsigned short size;
  unsigned char type;
  char name[];
};

alignas(Entry) char gEntries[32 * 1024];

constexpr unsigned long kExiting = 0x4;    // PF_EXITING
constexpr unsigned long kIoWorker = 0x10;  // PF_IO_WORKER

}  // namespace

TaskList& TaskList::ofThisProcess() {
  static TaskList list;
  return list;
}

int TaskList::open() {
  const int fd = ::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  struct stat status {};
  if (fstat(fd, &status) != 0) {
    const int error = errno;
    close(fd);
    return error;
  }
  fd_ = fd;
  device_ = status.st_dev;
  inode_ = status.st_ino;
  return 0;
}

// Is the descriptor still the one that was opened, and is it a list in which the calling thread has its number?
int TaskList::check() const {
  struct stat status {};
  if (fd_ < 0 || fstat(fd_, &status) != 0) return EBADF;
  if (status.st_dev != device_ || status.st_ino != inode_) return EBADF;
  struct statfs system {};
  if (fstatfs(fd_, &system) != 0 || system.f_type != PROC_SUPER_MAGIC) return EPROTONOSUPPORT;
  char own[24];
  *putDecimal(own, static_cast<long>(syscall(SYS_gettid))) = '\0';
  return fstatat(fd_, own, &status, 0) == 0 ? 0 : EPROTONOSUPPORT;
}

int TaskList::ensure() {
  int error = check();
  if (error == 0) return 0;
  // Not ours any more: the program has closed it. Else it is closed before another one is opened.
  if (error != EBADF) close(fd_);
  fd_ = -1;
  if (const int failure = open()) return failure;
  error = check();
  return error == EBADF ? EPROTONOSUPPORT : error;
}

long TaskList::count() const {
  struct stat status {};
  return fstat(fd_, &status) == 0 ? static_cast<long>(status.st_nlink) - 2 : -errno;
}

long TaskList::read(pid_t tid, const char* file, char* buffer, size_t size) const {
  char path[64];
  *putText(putText(putDecimal(path, tid), "/"), file) = '\0';
  const int fd = openat(fd_, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  const ssize_t n = ::read(fd, buffer, size);
  const long result = n < 0 ? -errno : n;
  close(fd);
  return result;
}

TaskList::Kind TaskList::kind(pid_t tid) const {
  char text[256];
  const long n = read(tid, "stat", text, sizeof text - 1);
  if (n == -ENOENT || n == -ESRCH) return Kind::gone;
  if (n <= 0) return Kind::unknown;
  text[n] = '\0';
  return kindOf(text);
}

TaskList::Kind TaskList::kindOf(const char* stat) {
  // "TID (comm) state ppid pgrp session tty tpgid flags …"; a comm may hold brackets
  const char* at = strrchr(stat, ')');
  if (at == nullptr) return Kind::unknown;
  for (int field = 0; field < 7 && at != nullptr; ++field) at = strchr(at + 1, ' ');
  if (at == nullptr) return Kind::unknown;
  const unsigned long flags = parseDecimal(at + 1);
  if ((flags & kExiting) != 0) return Kind::ending;
  return (flags & kIoWorker) != 0 ? Kind::kernels : Kind::user;
}

long TaskList::label(pid_t tid, char* buffer, size_t size) const {
  const long n = read(tid, "attr/apparmor/current", buffer, size);
  return n == -ENOENT ? read(tid, "attr/current", buffer, size) : n;
}

bool TaskList::isInHat(pid_t tid) const {
  char first = '\0';
  return read(tid, "attr/apparmor/prev", &first, 1) == 1 && first != '\0' && first != '\n';
}

int TaskList::openLabel(pid_t tid) const {
  // By /proc/<tid>, not /proc/<pid>/task/<tid>: a profile's change_profile rule lets its threads write that.
  char path[64];
  char* const end = putDecimal(putText(path, "../../"), tid);
  *putText(end, "/attr/apparmor/current") = '\0';
  int fd = openat(fd_, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT && legacyAttrIsAppArmor()) {
    *putText(end, "/attr/current") = '\0';
    fd = openat(fd_, path, O_WRONLY | O_CLOEXEC);
  }
  if (fd < 0) return -errno;
  struct stat status {};
  if (fstat(fd, &status) == 0 && status.st_dev == device_) return fd;
  close(fd);
  return -EPROTONOSUPPORT;
}

int TaskList::openDirectory(pid_t tid, const char* name) const {
  char path[64];
  *putText(putText(putDecimal(path, tid), "/"), name) = '\0';
  const int fd = openat(fd_, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int Entries::rewind() const {
  return lseek(directory_, 0, SEEK_SET) < 0 ? errno : 0;
}

const char* Entries::next() {
  if (at_ == size_) {
    size_ = syscall(SYS_getdents64, directory_, gEntries, sizeof gEntries);
    at_ = 0;
    if (size_ < 0) error_ = errno;
    if (size_ <= 0) return nullptr;
  }
  const auto* entry = reinterpret_cast<const Entry*>(gEntries + at_);
  at_ += entry->size;
  return entry->name;
}

int64_t monotonicNs() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace apparmor
