// What other native code in a process can do to a change of all its threads: an addon that test/support/adversary.ts
// builds. act(what, a, b) returns a number; a negative errno where the kernel does not let it.
#include <errno.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <node_api.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SIGNAL = 33, SET_SELF_ATTR = 460, GET_SELF_ATTR = 459, LSM_HEADER = 32 };
static const unsigned long BIT = 1UL << (SIGNAL - 1);

// ---- seccomp -------------------------------------------------------------------------------------

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)

static long filter(struct sock_filter *program, unsigned short length, unsigned flags) {
  struct sock_fprog whole = {length, program};
  long done = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &whole);
  return done == 0 ? 0 : -errno;
}

// The calling thread is refused a request to AppArmor of just this length.
static long refuse_length(unsigned length) {
  struct sock_filter program[] = {
      LOAD(nr),
      IF(SYS_write, 0, 2),
      LOAD(args[2]),
      IF(length, 3, 4),
      IF(SET_SELF_ATTR, 0, 3),
      LOAD(args[2]),
      IF(length + LSM_HEADER, 0, 1),
      RETURN(SECCOMP_RET_ERRNO | EACCES),
      RETURN(SECCOMP_RET_ALLOW),
  };
  return filter(program, sizeof program / sizeof *program, 0);
}

// The process is answered so when it uses the system calls for attributes.
static long answer_calls(unsigned error) {
  struct sock_filter program[] = {
      LOAD(nr),
      IF(SET_SELF_ATTR, 1, 0),
      IF(GET_SELF_ATTR, 0, 1),
      RETURN(SECCOMP_RET_ERRNO | error),
      RETURN(SECCOMP_RET_ALLOW),
  };
  return filter(program, sizeof program / sizeof *program, SECCOMP_FILTER_FLAG_TSYNC);
}

// ---- other handlers of the signal ----------------------------------------------------------------

struct action {
  void (*handler)(int, siginfo_t *, void *);
  unsigned long flags;
  void (*restorer)(void);
  unsigned long mask;
};
static struct action before;
static int selective;

static void on_signal(int signal, siginfo_t *info, void *context) {
  if (selective && info->si_code != SI_TKILL) return;
  if (before.handler) before.handler(signal, info, context);
}

// Takes the signal and passes it on: all of them, or libc's own only.
static long take_signal(int only_libcs) {
  struct action now;
  selective = only_libcs;
  if (syscall(SYS_rt_sigaction, SIGNAL, NULL, &now, sizeof BIT) != 0) return -errno;
  if (now.handler == on_signal) return 0;
  before = now;
  now.handler = on_signal;
  return syscall(SYS_rt_sigaction, SIGNAL, &now, NULL, sizeof BIT) == 0 ? 0 : -errno;
}

// ---- a thread of the kernel's that ends while another one is born -----------------------------------

static int ring_works;
static pthread_barrier_t ready;
static volatile int end_ring;
static pthread_t with_ring;

static void set_blocked(int how) {
  syscall(SYS_rt_sigprocmask, how, &BIT, NULL, sizeof BIT);
}

// A read from an empty pipe, which a kernel thread of the ring's does.
static int start_worker(void) {
  struct io_uring_params params = {0};
  int pipe_ends[2];
  static char buffer[1];
  int ring = (int)syscall(SYS_io_uring_setup, 4, &params);
  if (ring < 0 || pipe(pipe_ends) != 0) return -errno;
  char *sq = mmap(NULL, params.sq_off.array + params.sq_entries * sizeof(unsigned),
                  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
  struct io_uring_sqe *sqes = mmap(NULL, params.sq_entries * sizeof *sqes, PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
  if (sq == MAP_FAILED || sqes == MAP_FAILED) return -errno;
  sqes[0] = (struct io_uring_sqe){.opcode = IORING_OP_READ,
                                  .flags = IOSQE_ASYNC,
                                  .fd = pipe_ends[0],
                                  .addr = (unsigned long)buffer,
                                  .len = 1};
  ((unsigned *)(sq + params.sq_off.array))[0] = 0;
  __atomic_store_n((unsigned *)(sq + params.sq_off.tail), 1, __ATOMIC_RELEASE);
  return syscall(SYS_io_uring_enter, ring, 1, 0, 0, NULL, 0) == 1 ? 0 : -errno;
}

static void *hold_ring(void *argument) {
  set_blocked(SIG_BLOCK);
  ring_works = start_worker();
  pthread_barrier_wait(&ready);
  while (!end_ring) usleep(1000);
  return argument;
}

static void *live(void *argument) {
  set_blocked(SIG_UNBLOCK);
  while (1) pause();
  return argument;
}

// Waits until it is called, lets the ring's threads go, and starts another before it answers.
static void *bear(void *argument) {
  set_blocked(SIG_BLOCK);
  pthread_barrier_wait(&ready);
  unsigned long pending = 0;
  while (!(pending & BIT)) {
    usleep(1000);
    syscall(SYS_rt_sigpending, &pending, sizeof pending);
  }
  usleep(300000);
  end_ring = 1;
  pthread_join(with_ring, NULL);
  usleep(100000);
  pthread_t born;
  pthread_create(&born, NULL, live, NULL);
  set_blocked(SIG_UNBLOCK);
  while (1) pause();
  return argument;
}

static long start_birth(void) {
  pthread_t bearer;
  pthread_barrier_init(&ready, NULL, 3);
  pthread_create(&with_ring, NULL, hold_ring, NULL);
  pthread_create(&bearer, NULL, bear, NULL);
  pthread_barrier_wait(&ready);
  return ring_works;
}

// --------------------------------------------------------------------------------------------------

static long act(const char *what, int a) {
  if (strcmp(what, "refuse length") == 0) return refuse_length((unsigned)a);
  if (strcmp(what, "answer calls") == 0) return answer_calls((unsigned)a);
  if (strcmp(what, "take signal") == 0) return take_signal(a);
  if (strcmp(what, "birth") == 0) return start_birth();
  if (strcmp(what, "no new privileges") == 0)
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : -errno;
  return -ENOSYS;
}

static napi_value call(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result;
  size_t count = 2;
  char what[64] = "";
  int32_t a = 0;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_get_value_string_utf8(env, arguments[0], what, sizeof what, NULL);
  napi_get_value_int32(env, arguments[1], &a);
  napi_create_int64(env, act(what, a), &result);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "act", NAPI_AUTO_LENGTH, call, NULL, &function);
  napi_set_named_property(env, exports, "act", function);
  return exports;
}
