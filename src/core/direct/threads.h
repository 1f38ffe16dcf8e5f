// Changes the label of every thread of the process, or of none.
//
// Not by libapparmor: aa_change_profile(2) and aa_stack_profile(3) change the calling thread only.
//
// Kernel contract: no task may write another's attribute, a new thread inherits its creator's
// label, and a change cannot be taken back. So everything that can refuse is asked before anything
// changes, of every thread, and a failure after that leaves a mixed process, which is not a state to run in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../result.h"
#include "attr.h"
#include "broadcast.h"
#include "trial.h"

namespace apparmor {

struct ProcessChange {
  long threads = 0;         // how many have the new label, the caller's included
  bool setuidWorks = true;  // false: under the new label the threads may not signal each other
  int error =
      0;  // not 0: a thread refused. Nothing was changed if threads is 0, else a part of them
  std::vector<Answer> refused{};     // which, and why; empty unless error
  std::optional<std::string> con{};  // the caller's label now, where it may be read
};

enum class OnPartial { abort, report };

// Runs on: any thread that may call the kernel; blocks it until all others have answered. Two calls
// at once take turns, of all copies of this package in the process.
// Failures, nothing having changed: the kernel's errno for the change itself; and what
// Broadcast::stop() was refused with, where a timeout is the change's own.
Result<ProcessChange> changeEveryThread(Change change, std::string_view profile, int64_t timeoutNs,
                                        OnPartial onPartial);

// The calling thread alone, in its turn with the others; its label afterwards, where it may be read.
Result<std::optional<std::string>> changeThisThread(Change change, std::string_view profile);

// Is a profile one of the parts of a label ("a//&b", ":ns://b" for ":ns:b")? The name as the kernel takes it: white
// space around it, and an "&" in front, say nothing. Allocates nothing.
bool labelIncludes(std::string_view label, std::string_view profile);

}  // namespace apparmor
