// The least that a test program needs: each check is one line of TAP.
#pragma once

#include <cstdio>
#include <source_location>

namespace test {

inline int checks = 0;
inline int failures = 0;

inline bool check(bool holds, const char* sentence,
                  std::source_location at = std::source_location::current()) {
  printf("%s %d - %s\n", holds ? "ok" : "not ok", ++checks, sentence);
  if (!holds) {
    ++failures;
    printf("  ---\n  at:\n    fileName: %s\n    lineNumber: %u\n  ...\n", at.file_name(),
           at.line());
  }
  fflush(stdout);
  return holds;
}

}  // namespace test

void testText();
void testAttr();
void testLabels();
void testTaskList();
void testRings();
void testBroadcast();
void testReport();
void testCopies();
