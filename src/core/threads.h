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
#include "trial.h"

namespace apparmor {

struct ProcessChange {
  long threads = 0;         // how many have the new label, the caller's included
  bool setuidWorks = true;  // false: under the new label the threads may not signal each other
  int partialError = 0;     // not 0: some threads have the new label and some have not
  std::vector<Answer> refused{};  // which, and why; empty unless partial
};

enum class OnPartial { abort, report };

// Runs on: any thread that may call the kernel; blocks it until all others have answered. Two calls
// at once take turns.
// Failures, nothing having changed: the kernel's errno for the change itself; with the call
// "rt_tgsigqueueinfo", EACCES or EPERM: the threads may not signal each other; "io_uring": its
// kernel threads would keep the old label; ETIMEDOUT: a thread did not arrive in time.
Result<ProcessChange> changeEveryThread(Change change, std::string_view profile, int64_t timeoutNs,
                                        OnPartial onPartial);

// Is a profile one of the parts of a label ("a//&b", ":ns://b" for ":ns:b")?
bool labelIncludes(std::string_view label, std::string_view profile);

}  // namespace apparmor
