// Names in bytes and in UTF-16: each comes back as it was.
#include "core/text.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::u16string text = apparmor::decode(bytes);
  if (apparmor::encode(text) != bytes) abort();
  if (apparmor::isAscii(bytes) && text.size() != bytes.size()) abort();

  std::u16string units(size / 2, u'\0');
  memcpy(units.data(), data, units.size() * 2);
  if (const auto encoded = apparmor::encode(units)) {
    // What an encoder takes it for is one name; two spellings of it are allowed.
    if (apparmor::encode(apparmor::decode(*encoded)) != encoded) abort();
  }
  return 0;
}
