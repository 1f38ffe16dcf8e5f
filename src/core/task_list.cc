#include "task_list.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "decimal.h"

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

constexpr unsigned long kIoWorker = 0x10;  // PF_IO_WORKER

}  // namespace

const TaskList& TaskList::ofThisProcess() {
  static const TaskList list;
  return list;
}

TaskList::TaskList() : fd_(open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  error_ = fd_ < 0 ? errno : 0;
}

long TaskList::count() const {
  if (error_ != 0) return -error_;
  struct stat status {};
  return fstat(fd_, &status) == 0 ? static_cast<long>(status.st_nlink) - 2 : -errno;
}

int TaskList::rewind() const {
  if (error_ != 0) return error_;
  return lseek(fd_, 0, SEEK_SET) < 0 ? errno : 0;
}

long TaskList::fill() const {
  const long size = syscall(SYS_getdents64, fd_, gEntries, sizeof gEntries);
  return size < 0 ? -errno : size;
}

pid_t TaskList::next(long& offset) {
  const auto* entry = reinterpret_cast<const Entry*>(gEntries + offset);
  offset += entry->size;
  return static_cast<pid_t>(parseDecimal(entry->name));
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
  if (n == -ENOENT || n == -ESRCH) return Kind::ended;
  if (n <= 0) return Kind::unknown;
  text[n] = '\0';
  return kindOf(text);
}

TaskList::Kind TaskList::kindOf(const char* stat) {
  // "TID (comm) state ppid pgrp session tty tpgid flags …"; a comm may hold brackets
  const char* comm = strchr(stat, '(');
  const char* at = strrchr(stat, ')');
  if (comm == nullptr || at == nullptr) return Kind::unknown;
  for (int field = 0; field < 7 && at != nullptr; ++field) at = strchr(at + 1, ' ');
  if (at == nullptr) return Kind::unknown;
  if ((parseDecimal(at + 1) & kIoWorker) == 0) return Kind::user;
  return strncmp(comm, "(iou-sqp", 8) == 0 ? Kind::poller : Kind::worker;
}

long TaskList::label(pid_t tid, char* buffer, size_t size) const {
  const long n = read(tid, "attr/apparmor/current", buffer, size);
  return n == -ENOENT ? read(tid, "attr/current", buffer, size) : n;
}

int64_t monotonicNs() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace apparmor
