// What a label permits, asked of the kernel.
//
// Kernel contract: <interface>/.access answers one question for each time it is opened. The question is
// "label", the label, a class byte and a string for that class's rules; the answer is all permissions
// in four masks. libapparmor's aa_query_label asks the same way, but passes on one bit of the answer,
// and keeps for ever that it once found no interface.
#pragma once

#include <cstdint>
#include <string_view>

#include "result.h"

namespace apparmor {

struct Permissions {
  uint32_t allow, deny, audit, quiet;
};

// `match` begins with the class byte and may hold NUL bytes. EFBIG when the question is longer than the
// kernel takes, ENOENT with a path when there is no interface and without one when there is no such
// label.
Result<Permissions> queryLabel(std::string_view label, std::string_view match);

}  // namespace apparmor
