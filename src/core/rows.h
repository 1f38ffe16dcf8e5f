// Rows of bytes for lib/border/rows.ts, each value ended by a NUL byte: no value holds one.
#pragma once

#include <string>
#include <string_view>

namespace apparmor {

struct Bytes {
  std::string text;
};

inline void put(std::string& out, std::string_view value) {
  out += value;
  out += '\0';
}

}  // namespace apparmor
