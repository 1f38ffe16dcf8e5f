#include "text.h"

#include <algorithm>
#include <cstdint>

namespace apparmor {
namespace {

constexpr char16_t kEscape = 0xdc00;  // + the byte

struct CodePoint {
  uint32_t value;
  size_t length;  // 0: not UTF-8 at this place
};

CodePoint next(std::string_view bytes) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) return {lead, 1};

  size_t length = 0;
  uint32_t value = 0;
  uint32_t least = 0;
  if ((lead & 0xe0) == 0xc0) {
    length = 2, value = lead & 0x1f, least = 0x80;
  } else if ((lead & 0xf0) == 0xe0) {
    length = 3, value = lead & 0x0f, least = 0x800;
  } else if ((lead & 0xf8) == 0xf0) {
    length = 4, value = lead & 0x07, least = 0x10000;
  } else {
    return {0, 0};
  }
  if (bytes.size() < length) return {0, 0};
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return {0, 0};
    value = value << 6 | (at(i) & 0x3f);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < least || value > 0x10ffff || surrogate) return {0, 0};
  return {value, length};
}

void append(std::string& out, uint32_t value) {
  const auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  const auto tail = [&](int shift) { put(0x80 | (value >> shift & 0x3f)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xc0 | value >> 6), tail(0);
  } else if (value < 0x10000) {
    put(0xe0 | value >> 12), tail(6), tail(0);
  } else {
    put(0xf0 | value >> 18), tail(12), tail(6), tail(0);
  }
}

}  // namespace

bool isAscii(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return (c & 0x80) == 0; });
}

std::u16string decode(std::string_view bytes) {
  std::u16string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto [value, length] = next(bytes);
    if (length == 0) {
      out.push_back(static_cast<char16_t>(kEscape + static_cast<uint8_t>(bytes[0])));
    } else if (value < 0x10000) {
      out.push_back(static_cast<char16_t>(value));
    } else {
      out.push_back(static_cast<char16_t>(0xd800 + ((value - 0x10000) >> 10)));
      out.push_back(static_cast<char16_t>(0xdc00 + ((value - 0x10000) & 0x3ff)));
    }
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::optional<std::string> encode(std::u16string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char16_t unit = text[i];
    if (unit < 0xd800 || unit > 0xdfff) {
      append(out, unit);
    } else if (unit <= 0xdbff && i + 1 < text.size() && (text[i + 1] & 0xfc00) == 0xdc00) {
      append(out, 0x10000 + ((unit & 0x3ffU) << 10) + (text[++i] & 0x3ffU));
    } else if (unit >= kEscape + 0x80 && unit <= kEscape + 0xff) {
      out.push_back(static_cast<char>(unit - kEscape));
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace apparmor
