// Asks the kernel whether it would refuse a transition, changing nothing.
//
// Not by libapparmor: before 5.0 it has no function for a dry run.
//
// Kernel contract: "permprofile NAME", "permprofile &NAME" for a stack, and "permhat TOKEN^NAME", written
// to attr/current, are checked like the real request and go no further. They do not look at no_new_privs: where
// that may matter, a thread with our credentials makes the change and is thrown away.
#pragma once

#include <string_view>

#include "../result.h"
#include "attr.h"

namespace apparmor {

enum class Change { replace, stack };

Result<Command> makeCommand(Change change, std::string_view profile);

// The question for a change; a failure when it does not fit into a page.
Result<Command> makeQuestion(Change change, std::string_view profile);

// How it was found out that the change would not be refused.
enum class Tried { asked, onThread };

// The real request's own errno when it would be refused; EAGAIN with the call "pthread_create".
Result<Tried> tryChange(Change change, std::string_view profile);

// EOPNOTSUPP where the kernel does not know the question.
Result<Done> tryHat(std::string_view hat);

}  // namespace apparmor
