// What a label permits, asked of the kernel.
//
// Not by libapparmor alone: aa_query_label(3) passes on whether one set of permissions is allowed and audited, and
// not the four masks; it keeps for ever where it has found the interface at its first call, or that there was none.
//
// Kernel contract: <interface>/.access answers one question for each time it is opened. The question is
// "label", the label, a class byte and a string for that class's rules; the answer is all permissions
// in four masks.
#pragma once

#include <cstdint>
#include <string_view>

#include "../result.h"

namespace apparmor {

struct Access {
  bool allowed, audited;
};

// All permissions of `mask` at once, by aa_query_label.
Result<Access> queryAccess(std::string_view label, std::string_view match, uint32_t mask);

struct Permissions {
  uint32_t allow, deny, audit, quiet;
};

// All four masks, which libapparmor does not pass on.
//
// For both: `match` begins with the class byte and may hold NUL bytes. EFBIG when the question is longer than the
// kernel takes, ENOENT with a path when there is no interface and without one when there is no such
// label.
Result<Permissions> queryLabel(std::string_view label, std::string_view match);

}  // namespace apparmor
