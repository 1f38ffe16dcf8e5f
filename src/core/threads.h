// Changes the label of every thread of the process, or of none.
//
// Kernel contract: no task may write another's attribute, a new thread inherits its creator's
// label, and a change cannot be taken back. So everything that can refuse is asked before anything
// changes, and a failure after that leaves a mixed process, which is not a state to run in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "attr.h"
#include "broadcast.h"
#include "result.h"

namespace apparmor {

struct ProcessChange {
  long threads = 0;         // how many have the new label, the caller's included
  bool setuidWorks = true;  // false: under the new label the threads may not signal each other
  int partialError = 0;     // not 0: some threads have the new label and some have not
  std::vector<Answer> refused{};  // which, and why; empty unless partial
};

enum class OnPartial { abort, report };

// Runs on: any thread that may call the kernel; blocks it until all others have answered. Two calls
// at once take turns. `command` is "changeprofile NAME" or "stack NAME", `profile` is NAME.
// Failures: the kernel's errno for the command; EXDEV when io_uring threads keep the old label
// (call "io_uring"); EACCES with call "tgkill" when the threads may not signal each other;
// ETIMEDOUT with call "rt_tgsigqueueinfo" when a thread did not answer and none had changed.
Result<ProcessChange> changeEveryThread(const Command& command, std::string_view profile,
                                        int64_t timeoutNs, OnPartial onPartial);

// Is a profile one of the parts of a label ("a//&b", ":ns://b" for ":ns:b")?
bool labelIncludes(std::string_view label, std::string_view profile);

}  // namespace apparmor
