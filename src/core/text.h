// Kernel names are bytes, JavaScript strings are UTF-16, and a name need not be UTF-8.
// Every byte that is not part of valid UTF-8 becomes one lone surrogate U+DC80…U+DCFF and back
// (the scheme of Python's PEP 383), so that a label that was read can be used again, byte for byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace apparmor {

bool isAscii(std::string_view bytes);
std::u16string decode(std::string_view bytes);
// Nothing for a lone surrogate that stands for no byte.
std::optional<std::string> encode(std::u16string_view text);

}  // namespace apparmor
