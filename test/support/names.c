// Reads names, each ended by a NUL, and says of each whether the launcher takes it: 1 or 0.
#include <stdio.h>

#include "../../src/launcher/name.h"

int main(void) {
  static char name[1 << 16];
  size_t size = 0;
  for (int c; (c = getchar()) != EOF;) {
    if (size == sizeof name) return 1;
    name[size++] = (char)c;
    if (c) continue;
    putchar(is_name(name) ? '1' : '0');
    size = 0;
  }
  return size != 0;
}
