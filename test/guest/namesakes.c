// Stands before libapparmor (LD_PRELOAD) and writes the name of each function of it that is called to the file
// that CALLED names, then calls it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

// Opened at the start: later a profile may not let it be.
static int called = -1;

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("CALLED");
  if (path) called = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void tell(const char *name) {
  if (write(called, name, strlen(name)) > 0) (void)!write(called, "\n", 1);
}

#define NAMESAKE(name, parameters, arguments)                               \
  int name parameters {                                                     \
    tell(#name);                                                            \
    return ((int(*) parameters)dlsym(RTLD_NEXT, #name))arguments;           \
  }

NAMESAKE(aa_is_enabled, (void), ())
NAMESAKE(aa_find_mountpoint, (char **path), (path))
NAMESAKE(aa_getcon, (char **label, char **mode), (label, mode))
NAMESAKE(aa_gettaskcon, (pid_t pid, char **label, char **mode), (pid, label, mode))
NAMESAKE(aa_getprocattr, (pid_t pid, const char *attr, char **label, char **mode),
         (pid, attr, label, mode))
NAMESAKE(aa_getpeercon, (int fd, char **label, char **mode), (fd, label, mode))
NAMESAKE(aa_change_profile, (const char *profile), (profile))
NAMESAKE(aa_stack_profile, (const char *profile), (profile))
NAMESAKE(aa_change_onexec, (const char *profile), (profile))
NAMESAKE(aa_stack_onexec, (const char *profile), (profile))
NAMESAKE(aa_change_hat, (const char *hat, unsigned long token), (hat, token))
NAMESAKE(aa_change_hatv, (const char **hats, unsigned long token), (hats, token))
NAMESAKE(aa_query_label,
         (uint32_t mask, char *query, size_t size, int *allowed, int *audited),
         (mask, query, size, allowed, audited))
NAMESAKE(aa_features_new_from_kernel, (void **features), (features))
