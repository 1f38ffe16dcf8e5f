// Numbers and text for signal handlers and stopped processes: no allocation, no locale, no locks.
#pragma once

namespace apparmor {

inline char* putText(char* at, const char* text) noexcept {
  while (*text != '\0') *at++ = *text++;
  return at;
}

// number >= 0
inline char* putDecimal(char* at, long number) noexcept {
  char digits[24];
  int n = 0;
  do {
    digits[n++] = static_cast<char>('0' + number % 10);
  } while ((number /= 10) != 0);
  while (n > 0) *at++ = digits[--n];
  return at;
}

// The number at the start of a text; 0 when there is none.
inline unsigned long parseDecimal(const char* text) noexcept {
  unsigned long number = 0;
  for (; *text >= '0' && *text <= '9'; ++text) {
    number = number * 10 + static_cast<unsigned long>(*text - '0');
  }
  return number;
}

}  // namespace apparmor
