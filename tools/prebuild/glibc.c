// What glibc before 2.33 has in a static part that is linked into every program. That part lacks the marks
// for CET and BTI; these functions are the same and have them.
#define _LARGEFILE64_SOURCE
#include <sys/stat.h>

int stat(const char *path, struct stat *status) {
  return __xstat(_STAT_VER, path, status);
}
int lstat(const char *path, struct stat *status) {
  return __lxstat(_STAT_VER, path, status);
}
int fstat(int fd, struct stat *status) {
  return __fxstat(_STAT_VER, fd, status);
}
int fstatat(int fd, const char *path, struct stat *status, int flags) {
  return __fxstatat(_STAT_VER, fd, path, status, flags);
}
int stat64(const char *path, struct stat64 *status) {
  return __xstat64(_STAT_VER, path, status);
}
int lstat64(const char *path, struct stat64 *status) {
  return __lxstat64(_STAT_VER, path, status);
}
int fstat64(int fd, struct stat64 *status) {
  return __fxstat64(_STAT_VER, fd, status);
}
int fstatat64(int fd, const char *path, struct stat64 *status, int flags) {
  return __fxstatat64(_STAT_VER, fd, path, status, flags);
}
