// The rings of io_uring that this process has open. System calls only, no allocation.
//
// Not by libapparmor: it knows nothing of the kernel's own threads, which keep a label, too.
//
// Kernel contract: a ring's requests run on kernel threads of this process. Workers take the credentials of
// whoever submitted the request; a poller (SQPOLL) keeps those of its creator for ever, the label too. Both can
// be renamed, so their names prove nothing; /proc/<tid>/fdinfo says of a ring whether it has a poller.
#pragma once

#include <sys/types.h>

#include <cstddef>

#include "task_list.h"

namespace apparmor {

enum class Rings {
  plain,    // there are rings, and none has a poller
  polled,   // one has
  unknown,  // none is to be seen, or it cannot be told of one
};

// For a process that has a kernel thread of io_uring; any of its threads is `tid`.
Rings ringsOf(const TaskList& tasks, pid_t tid);

// What the text of a ring's fdinfo says. `unknown`: it is the text of something else, or an incomplete one.
Rings ringOf(const char* fdinfo);

}  // namespace apparmor
