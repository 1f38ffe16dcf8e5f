// The peer of bench/process.js: what a thread does by itself, COUNT times; prints the nanoseconds that one
// time took.
//
//   process change COUNT A B   eleven writes of the attribute, the profiles A and B taking turns
//   process hat COUNT HAT      aa_change_hat into a hat and back
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/apparmor.h>
#include <time.h>
#include <unistd.h>

enum { WRITES = 11 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void check(int succeeded, const char *what) {
  if (succeeded) return;
  perror(what);
  exit(1);
}

static void change(const char *profile) {
  char text[256];
  const int size = snprintf(text, sizeof text, "changeprofile %s", profile);
  const int fd = open("/proc/self/attr/apparmor/current", O_WRONLY | O_CLOEXEC);
  check(fd >= 0 && write(fd, text, (size_t)size) == size, "changeprofile");
  close(fd);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const long count = atol(argv[2]);
  const int hat = strcmp(argv[1], "hat") == 0;
  const double start = now();
  for (long i = 0; i < count; i++) {
    if (hat) {
      check(aa_change_hat(argv[3], 4711) == 0, "aa_change_hat");
      check(aa_change_hat(NULL, 4711) == 0, "aa_change_hat back");
    } else {
      for (long k = 0; k < WRITES; k++) change(argv[3 + (i * WRITES + k) % 2]);
    }
  }
  printf("%.0f\n", (now() - start) / (double)count);
  return 0;
}
