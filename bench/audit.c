// The peer of bench/audit.js: has libapparmor parse the lines of a file ROUNDS times, and prints the nanoseconds a
// line took in the fastest round, and how many lines it took for records.
#include <aalogparse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static char **read_lines(const char *path, long *count) {
  FILE *file = fopen(path, "r");
  if (!file) return NULL;
  char **lines = NULL;
  char *line = NULL;
  size_t size = 0;
  for (*count = 0; getline(&line, &size, file) > 0; ++*count) {
    line[strcspn(line, "\n")] = 0;
    lines = realloc(lines, (size_t)(*count + 1) * sizeof *lines);
    lines[*count] = strdup(line);
  }
  fclose(file);
  return lines;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  long count = 0;
  char **lines = read_lines(argv[1], &count);
  if (count == 0) return 1;
  double best = 1e18;
  long valid = 0;
  for (int round = atoi(argv[2]); round > 0; --round) {
    valid = 0;
    const double start = now();
    for (long i = 0; i < count; ++i) {
      aa_log_record *record = parse_record(lines[i]);
      if (record && record->event != AA_RECORD_INVALID) ++valid;
      free_record(record);
    }
    const double took = (now() - start) / (double)count;
    if (took < best) best = took;
  }
  printf("%.0f %ld\n", best, valid);
  return 0;
}
