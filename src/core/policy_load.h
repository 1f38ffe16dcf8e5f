// Loads, replaces and removes binary policy in the running kernel.
//
// Kernel contract: a write to <interface>/.load or .replace is one set of profiles, of which either all are taken
// or none; .load refuses a name that exists. A write to .remove is one name, without a newline at its end; a
// profile's children go with it. libapparmor opens the files, writes the whole set at once and knows which kernels
// take no sets.
#pragma once

#include <string>

#include "result.h"

namespace apparmor {

enum class Load { add, replace };

Result<Done> loadPolicy(Load how, const std::string& binary);

// `name` as the kernel knows it: "web//upload", ":ns:web".
Result<Done> removePolicy(const std::string& name);

}  // namespace apparmor
