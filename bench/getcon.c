// The peer of bench/getcon.js: reads the own label COUNT times through libapparmor, and prints the
// nanoseconds that one time took.
#include <stdio.h>
#include <stdlib.h>
#include <sys/apparmor.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char **argv) {
  const long count = argc > 1 ? atol(argv[1]) : 1;
  const double start = now();
  for (long i = 0; i < count; i++) {
    char *label, *mode;
    if (aa_getcon(&label, &mode) < 0) {
      perror("aa_getcon");
      return 1;
    }
    free(label);  // the mode lies in it
  }
  printf("%.0f\n", (now() - start) / (double)count);
  return 0;
}
