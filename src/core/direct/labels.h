// The labels of other tasks, read from /proc.
//
// Not by libapparmor: aa_gettaskcon(3) does not tell which file could not be read. It is asked first for a
// process; the threads of one are read here, all at once.
//
// Kernel contract: /proc/<pid>/attr/…/current tells a task's label to anybody who may read the
// file; exec and prev of another task answer for the reader, so they are not offered.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "../result.h"

namespace apparmor {

struct ThreadLabel {
  pid_t tid;
  std::string name;   // comm, 15 bytes at most
  std::string label;  // as the kernel prints it, "web (enforce)"
};

Result<std::string> taskLabel(pid_t pid);

// Every thread of a process, in the kernel's order; pid 0 is the calling process. Threads that end
// meanwhile are left out.
Result<std::vector<ThreadLabel>> threadLabels(pid_t pid);

}  // namespace apparmor
