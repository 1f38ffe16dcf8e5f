// What /proc/PID/status says.
#pragma once

#include <string>
#include <string_view>

namespace apparmor {

// The first word behind a name, such as "\nPPid:\t"; empty when that is not there.
std::string_view statusField(std::string_view status, std::string_view name);

// The first line's command. Kernel contract: a newline and a backslash in it are written "\n" and "\\".
std::string statusCommand(std::string_view status);

}  // namespace apparmor
