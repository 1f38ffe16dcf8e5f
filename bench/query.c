// The peer of bench/query.js: asks COUNT times through libapparmor whether a label may read a path, and
// prints the nanoseconds that one time took.
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
  if (argc != 4) return 2;
  const long count = atol(argv[1]);
  const double start = now();
  for (long i = 0; i < count; i++) {
    int allowed, audited;
    if (aa_query_file_path(AA_MAY_READ, argv[2], argv[3], &allowed, &audited) < 0) {
      perror("aa_query_file_path");
      return 1;
    }
  }
  printf("%.0f\n", (now() - start) / (double)count);
  return 0;
}
