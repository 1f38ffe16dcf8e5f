// Executes a program under an AppArmor profile, or not at all.
//
//   apparmor-launcher profile|stack NAME [status=FD [device=N] [inode=N]] [uid=N] [gid=N]
//       [argv0=STRING] -- FILE [ARG…]
//
// In this order and nothing else: refuse to be set-uid, read the arguments, make sure that FD has
// this device and inode, make it close-on-exec, set NAME for this task's next exec, take gid and
// uid, execute FILE as execvp(3) would. Whatever fails ends the program before FILE is executed,
// and is reported once: on FD as two little-endian int32, the stage and a positive errno, else as
// a line on stderr. Just before FILE is executed, the last stage with errno 0 is reported on FD:
// end-of-file after it means that FILE was executed, and end-of-file without it that another
// program than this one ran, that a signal ended it, or that FD is another file. The exit status is
// 127 when FILE was not found, and 126 for every other failure.
//
// Kernel contract: the profile set for the next exec ("onexec") belongs to the task, survives a
// change of ids and a failed exec, and is used up by the first exec that succeeds. So nothing but
// FILE (or /bin/sh, to read a FILE that has no interpreter line) may be executed here.
//
// The program is static and has no libc, so that neither LD_PRELOAD nor anything else in the
// environment runs code before the profile applies.
#include "name.h"
#include "sys.h"

enum stage { ARGUMENTS = 1, ONEXEC, CREDENTIALS, EXEC };

enum { COMMAND_MAX = 4096 };  // The kernel cuts a longer write short, to another profile's name.

static const uint32_t NONE = UINT32_MAX;  // To the kernel "unchanged", so never a value to ask for.

enum option { STATUS, DEVICE, INODE, UID, GID, OPTIONS };

static const char options[OPTIONS][8] = {"status=", "device=", "inode=", "uid=", "gid="};

struct request {
  const char *verb;  // What the kernel calls it, with the space that follows.
  const char *name;
  uint32_t number[OPTIONS];
  const char *file;
  char **argv;  // The target's. The element before it is ours to overwrite.
};

static long length(const char *text) {
  long n = 0;
  while (text[n]) n++;
  return n;
}

// What follows `prefix` in `text`, or null when it does not begin so.
static char *after(char *text, const char *prefix) {
  while (*prefix)
    if (*text++ != *prefix++) return 0;
  return text;
}

// Returns the place of the terminating NUL. The caller has checked that there is room.
static char *append(char *at, const char *text) {
  while ((*at = *text++)) at++;
  return at;
}

static char *append_number(char *at, uint32_t number) {
  if (number >= 10) at = append_number(at, number / 10);
  *at++ = (char)('0' + number % 10);
  *at = 0;
  return at;
}

// At most COMMAND_MAX bytes of `text`, which may hold anything, for a terminal.
static char *append_quoted(char *at, const char *text) {
  *at++ = '\'';
  for (long i = 0; text[i] && i < COMMAND_MAX; i++)
    *at++ = text[i] < ' ' || text[i] > '~' ? '?' : text[i];
  return append(at, "'");
}

// clang-format off
#define ERRORS(E)                                                                                \
  E(EPERM) E(ENOENT) E(E2BIG) E(ENOEXEC) E(EBADF) E(EAGAIN) E(ENOMEM) E(EACCES) E(ENOTDIR)       \
  E(EISDIR) E(EINVAL) E(ETXTBSY) E(ELOOP) E(ENOSYS) E(EPROTO) E(EOPNOTSUPP) E(ENAMETOOLONG)
#define NUMBER(E) E,
#define NAME(E) #E "\0"
// clang-format on
static const uint8_t error_numbers[] = {ERRORS(NUMBER)};
static const char error_names[] = ERRORS(NAME);

static char *append_error(char *at, int error) {
  at = append_number(append(at, ": errno "), (uint32_t)error);
  const char *name = error_names;
  for (unsigned i = 0; i < sizeof error_numbers; i++, name += length(name) + 1)
    if (error_numbers[i] == error) at = append(append(append(at, " ("), name), ")");
  return append(at, "\n");
}

static void complain(const struct request *request, enum stage stage, int error) {
  char line[COMMAND_MAX + 128];
  char *at = append(line, "apparmor-launcher: ");
  if (stage == ONEXEC) {
    at = append_quoted(append(at, "cannot set the profile "), request->name);
    at = append(at, " for exec");
  } else if (stage == EXEC) {
    at = append_quoted(append(at, "cannot execute "), request->file);
  } else if (stage == CREDENTIALS) {
    at = append(at, "cannot change the user or the group");
  } else {
    at = append(at, error == EPERM ? "refuses to run set-uid or set-gid" : "invalid arguments");
  }
  at = append_error(at, error);
  sys_write(2, line, at - line);
}

// Whether the report was taken.
static int report(const struct request *request, enum stage stage, int error) {
  const int32_t message[2] = {stage, error};
  const uint32_t fd = request->number[STATUS];
  return fd != NONE && sys_write(fd, message, 8) == 8;
}

static _Noreturn void fail(const struct request *request, enum stage stage, int error) {
  sys_ignore_sigpipe();  // A reader that went away must not turn the exit status into a signal.
  if (!report(request, stage, error)) complain(request, stage, error);
  sys_exit(stage == EXEC && error == ENOENT ? 127 : 126);
}

// Plain decimal, given once, no sign, no leading zero.
static int read_number(const char *text, uint32_t *number) {
  if (*number != NONE || !*text || (*text == '0' && text[1])) return EINVAL;
  uint64_t value = 0;
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return EINVAL;
    value = value * 10 + (uint64_t)(*text - '0');
    if (value >= NONE) return EINVAL;
  }
  *number = (uint32_t)value;
  return 0;
}

static int check_name(const struct request *request) {
  for (const char *c = request->name; *c; c++)
    if (*c == '\n') return EINVAL;
  if (!is_name(request->name)) return EINVAL;
  return length(request->verb) + length(request->name) > COMMAND_MAX ? ENAMETOOLONG : 0;
}

// The options first, so that whatever else is wrong can be reported on the status descriptor.
static int read_arguments(struct request *request, long argc, char **argv) {
  char *argv0 = 0;
  long i = 3;
  for (; i < argc; i++) {
    char *value = after(argv[i], "--");
    if (value && !*value) break;
    int error = EINVAL;
    for (enum option o = 0; o < OPTIONS; o++)
      if ((value = after(argv[i], options[o]))) error = read_number(value, &request->number[o]);
    if (!argv0 && (argv0 = after(argv[i], "argv0="))) error = 0;
    if (error) return error;
  }
  if (i + 1 >= argc) return EINVAL;
  request->argv = argv + i + 1;
  request->file = request->argv[0];
  if (argv0) request->argv[0] = argv0;

  char *rest;
  request->name = argv[2];
  if ((rest = after(argv[1], "profile")) && !*rest) request->verb = "exec ";
  if ((rest = after(argv[1], "stack")) && !*rest) request->verb = "stack ";
  return request->verb ? check_name(request) : EINVAL;
}

// Writes the attribute through procfs. Where AppArmor has no file there, the result is `absent`.
//
// A program that has just been executed has one thread, so /proc/self is the task. It leads to
// /proc/<number>/…, which the rule that comes with every change_profile rule allows, and the number
// is right in a new PID namespace under the old /proc as well.
static long write_proc(const char *command, long size, long absent) {
  long fd = sys_open("/proc/self/attr/apparmor/exec", O_WRONLY | O_CLOEXEC);
  // Before Linux 5.8 there is one file for all security modules.
  if (fd == -ENOENT) fd = sys_open("/proc/self/attr/exec", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return fd == -ENOENT ? absent : fd;

  // AppArmor refuses a command without a name. Whatever takes it is not AppArmor, and would take
  // the real one to no effect: SELinux without a policy, a plain file in a directory that poses as
  // /proc, another file mounted over this one.
  long written = sys_write(fd, "exec", 4);
  if (written >= 0) return absent;
  if (written != -EINVAL) return written;

  written = sys_write(fd, command, size);
  return written < 0 ? written : written == size ? 0 : -EPROTO;
}

// A descriptor that is not the one that the caller meant, because a number was mistaken, belongs to
// the target: nothing is written there, and it is not closed.
static int take_status(struct request *request) {
  const uint32_t *number = request->number;
  struct identity is;
  if (number[STATUS] == NONE) return 0;
  long error = sys_identify(number[STATUS], &is);
  if (!error && ((number[DEVICE] != NONE && number[DEVICE] != is.device) ||
                 (number[INODE] != NONE && number[INODE] != is.inode)))
    error = -EBADF;
  if (!error) error = sys_close_on_exec(number[STATUS]);
  if (error) request->number[STATUS] = NONE;
  return (int)-error;
}

static int set_onexec(const struct request *request) {
  struct {
    uint64_t id, flags, size, command_size;
    char command[COMMAND_MAX + 1];
  } context;
  char *end = append(append(context.command, request->verb), request->name);
  context.id = LSM_ID_APPARMOR;
  context.flags = 0;
  context.command_size = (uint64_t)(end - context.command);
  context.size = (uint64_t)(end - (char *)&context);

  long error = sys_lsm_set_self_attr(LSM_ATTR_EXEC, &context, (long)context.size);
  // EPERM may be a seccomp filter's word for a call that it does not know, and E2BIG means that the
  // request does not fit into a page together with its header: procfs decides then.
  if (error == -ENOSYS || error == -EOPNOTSUPP || error == -EPERM || error == -E2BIG)
    error = write_proc(context.command, (long)context.command_size, error);
  return (int)-error;
}

static int take_ids(const struct request *request) {
  if (request->number[UID] == NONE && request->number[GID] == NONE) return 0;
  sys_drop_groups();  // As libuv does: a caller without the privilege keeps its own.
  long error = 0;
  if (request->number[GID] != NONE) error = sys_setgid(request->number[GID]);
  if (!error && request->number[UID] != NONE) error = sys_setuid(request->number[UID]);
  return (int)-error;
}

// Returns the errno.
static int execute(const char *path, char **argv, char **env) {
  long error = sys_execve(path, argv, env);
  if (error == -ENOEXEC) {
    char *own = argv[0];
    argv[-1] = "/bin/sh";
    argv[0] = (char *)path;
    error = sys_execve(argv[-1], argv - 1, env);
    argv[0] = own;
  }
  return (int)-error;
}

// execvp(3) of glibc, which is what Node uses. Returns the errno.
static int search(const char *file, char **argv, char **env) {
  const char *path = "/bin:/usr/bin";
  for (char **e = env; *e; e++) {
    char *value = after(*e, "PATH=");
    if (value) {
      path = value;
      break;
    }
  }
  for (const char *c = file; *c; c++)
    if (*c == '/') return execute(file, argv, env);

  long size = length(file);
  int error = ENOENT, denied = 0;
  if (!size) return ENOENT;
  for (;; path++) {
    char candidate[PATH_MAX];
    long n = 0;
    while (path[n] && path[n] != ':') n++;
    if (n + 1 + size >= PATH_MAX) {
      error = ENAMETOOLONG;
    } else {
      for (long i = 0; i < n; i++) candidate[i] = path[i];
      if (n) candidate[n] = '/';
      append(candidate + n + (n > 0), file);
      error = execute(candidate, argv, env);
      if (error == EACCES)
        denied = 1;
      else if (error != ENOENT && error != ENOTDIR && error != ESTALE && error != ENODEV &&
               error != ETIMEDOUT)
        return error;
    }
    path += n;
    if (!*path) return denied ? EACCES : error;
  }
}

// Called by _start with the initial stack: argc, argv…, 0, environment…, 0, auxiliary vector.
__attribute__((used)) _Noreturn void launch(long *stack) {
  char **argv = (char **)(stack + 1);
  char **env = argv + stack[0] + 1;
  struct request request = {.number = {NONE, NONE, NONE, NONE, NONE}};
  int error, wrong;

  // AT_SECURE would not do: it is set as well when a confined parent's profile made the transition.
  unsigned long ids[4] = {0, 1, 0, 1};
  char **e = env;
  while (*e) e++;
  for (unsigned long *aux = (unsigned long *)(e + 1); aux[0]; aux += 2)
    if (aux[0] - AT_UID < 4) ids[aux[0] - AT_UID] = aux[1];
  if (ids[0] != ids[1] || ids[2] != ids[3]) fail(&request, ARGUMENTS, EPERM);

  error = read_arguments(&request, stack[0], argv);
  if ((wrong = take_status(&request))) error = wrong;
  if (error) fail(&request, ARGUMENTS, error);

  if ((error = set_onexec(&request))) fail(&request, ONEXEC, error);
  if ((error = take_ids(&request))) fail(&request, CREDENTIALS, error);
  // What cannot be reported must not be executed.
  if (request.number[STATUS] != NONE && !report(&request, EXEC, 0))
    fail(&request, ARGUMENTS, EBADF);
  fail(&request, EXEC, search(request.file, request.argv, env));
}
