// The kernel as seen without a libc, for x86-64 and aarch64: the entry point, the system calls and
// the numbers that launcher.c needs. Every call returns what the kernel does: a negative errno on
// failure.
#pragma once

#include <stdint.h>

#if defined(__x86_64__)

enum {
  NR_write = 1,
  NR_fstat = 5,
  NR_rt_sigaction = 13,
  NR_execve = 59,
  NR_fcntl = 72,
  NR_setuid = 105,
  NR_setgid = 106,
  NR_setgroups = 116,
  NR_exit_group = 231,
  NR_openat = 257,
};

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call launch\n");

static inline long call(long number, long a, long b, long c, long d) {
  register long r10 __asm__("r10") = d;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                   : "rcx", "r11", "memory");
  return result;
}

#elif defined(__aarch64__)

enum {
  NR_fcntl = 25,
  NR_openat = 56,
  NR_write = 64,
  NR_fstat = 80,
  NR_exit_group = 94,
  NR_rt_sigaction = 134,
  NR_setgid = 144,
  NR_setuid = 146,
  NR_setgroups = 159,
  NR_execve = 221,
};

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  mov x29, #0\n"
    "  mov x30, #0\n"
    "  mov x0, sp\n"
    "  b launch\n");

static inline long call(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}

#else
#error "the launcher is written for x86-64 and aarch64"
#endif

enum {
  NR_lsm_set_self_attr = 460,

  AT_FDCWD = -100,
  O_WRONLY = 1,
  O_CLOEXEC = 02000000,
  F_SETFD = 2,
  FD_CLOEXEC = 1,
  SIGPIPE = 13,
  SIG_IGN = 1,
  PATH_MAX = 4096,
  LSM_ID_APPARMOR = 104,
  LSM_ATTR_EXEC = 101,
  AT_UID = 11,  // followed by AT_EUID, AT_GID, AT_EGID
};

enum {
  EPERM = 1,
  ENOENT = 2,
  E2BIG = 7,
  ENOEXEC = 8,
  EBADF = 9,
  EAGAIN = 11,
  ENOMEM = 12,
  EACCES = 13,
  ENODEV = 19,
  ENOTDIR = 20,
  EISDIR = 21,
  EINVAL = 22,
  ETXTBSY = 26,
  ENAMETOOLONG = 36,
  ENOSYS = 38,
  ELOOP = 40,
  EPROTO = 71,
  EOPNOTSUPP = 95,
  ETIMEDOUT = 110,
  ESTALE = 116,
};

static inline long sys_write(long fd, const void *data, long size) {
  return call(NR_write, fd, (long)data, size, 0);
}

static inline long sys_open(const char *path, long flags) {
  return call(NR_openat, AT_FDCWD, (long)path, flags, 0);
}

// The first two words of the kernel's struct stat, on both machines.
struct identity {
  uint64_t device, inode;
  uint64_t rest[16];
};

static inline long sys_identify(long fd, struct identity *identity) {
  return call(NR_fstat, fd, (long)identity, 0, 0);
}

static inline long sys_close_on_exec(long fd) {
  return call(NR_fcntl, fd, F_SETFD, FD_CLOEXEC, 0);
}

static inline long sys_lsm_set_self_attr(long attribute, const void *context, long size) {
  return call(NR_lsm_set_self_attr, attribute, (long)context, size, 0);
}

static inline long sys_drop_groups(void) {
  return call(NR_setgroups, 0, 0, 0, 0);
}

static inline long sys_setgid(uint32_t gid) {
  return call(NR_setgid, gid, 0, 0, 0);
}

static inline long sys_setuid(uint32_t uid) {
  return call(NR_setuid, uid, 0, 0, 0);
}

static inline void sys_ignore_sigpipe(void) {
  const long action[4] = {SIG_IGN, 0, 0, 0};
  call(NR_rt_sigaction, SIGPIPE, (long)action, 0, 8);
}

static inline long sys_execve(const char *path, char **argv, char **env) {
  return call(NR_execve, (long)path, (long)argv, (long)env, 0);
}

static inline _Noreturn void sys_exit(int status) {
  for (;;) call(NR_exit_group, status, 0, 0, 0);
}
