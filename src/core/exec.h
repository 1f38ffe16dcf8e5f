// What happens at exec: the profile of the next program, and executing it in place of this one.
//
// Kernel contract: the onexec attribute is the thread's, is inherited by every fork and clone, and
// is cleared by a successful exec or by a hat, not by a failed exec. Set inside a hat it overwrites
// the token, and leaving the hat kills the task.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "direct/trial.h"
#include "result.h"

namespace apparmor {

// Refused with EBUSY inside a hat.
Result<Done> setOnexec(Change change, std::string_view profile);

struct Program {
  std::string file;
  std::vector<std::string> arguments;    // the first is argv[0]
  std::vector<std::string> environment;  // "NAME=value"
  std::vector<int> keep;                 // descriptors that the program gets, beside 0, 1, 2
};

// Returns only when the program could not be executed: everything but onexec is then as it was.
Failure replaceProgram(const Program& program);

}  // namespace apparmor
