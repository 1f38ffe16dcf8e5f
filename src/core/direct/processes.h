// Every process that /proc shows, and the label of each of its threads.
//
// Not by libapparmor: aa_gettaskcon(3) opens one file by its whole path for each task and takes the label apart;
// for all of them at once that is too slow.
//
// Kernel contract: a label and a status may be read of any process that is visible; the executable only
// by who may trace it. A kernel thread and a zombie have no memory, so no line "Vm…" in their status.
#pragma once

#include <sys/types.h>

#include <vector>

#include "../result.h"
#include "../rows.h"

namespace apparmor {

// For each process: pid, parent, uid, state letter, "1" for one with memory, command, executable,
// label as the kernel prints it, number of threads, then a count and as many threads whose label
// differs: tid, name, label. What may not be read is empty. No pids means all; processes that end
// meanwhile are left out.
Result<Bytes> runningProcesses(const std::vector<pid_t>& pids);

}  // namespace apparmor
