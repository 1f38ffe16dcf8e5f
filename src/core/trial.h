// Asks the kernel whether it would refuse a transition, changing nothing.
//
// Kernel contract: "permprofile NAME" and "permhat TOKEN^NAME", written to attr/current, are
// checked like the real request and go no further. They do not look at no_new_privs, and there is
// none for stacking: there a thread with our credentials makes the change and is thrown away.
#pragma once

#include <sys/types.h>

#include <string_view>

#include "attr.h"
#include "result.h"

namespace apparmor {

enum class Change { replace, stack };

Result<Command> makeCommand(Change change, std::string_view profile);

struct Tried {
  pid_t ending = 0;  // a thread of ours that may not have ended quite yet
};

// The real request's own errno when it would be refused; EAGAIN with the call "pthread_create".
Result<Tried> tryChange(Change change, std::string_view profile);

// EOPNOTSUPP where the kernel does not know the question.
Result<Done> tryHat(std::string_view hat);

}  // namespace apparmor
