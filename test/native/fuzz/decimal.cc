// Numbers of /proc: whatever is read, what is written is read back as the same.
#include "core/decimal.h"

#include <climits>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const unsigned long number = apparmor::parseDecimal(text.c_str()) & LONG_MAX;
  char written[32];
  *apparmor::putDecimal(written, static_cast<long>(number)) = '\0';
  if (apparmor::parseDecimal(written) != number) abort();
  return 0;
}
