// libapparmor's own functions for labels.
//
// Contract: it answers with a label and a mode, and a -1 that does not tell what was refused, the file or the
// request. For the calling thread it goes through /proc/<tid> (before version 5.0 always), and believes what is
// mounted there; what it has found out about the interface at its first call it keeps for ever. So each use of
// it goes: prove /proc, ask libapparmor, and what it cannot do or tell is done by direct/attr.h.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "direct/attr.h"
#include "direct/trial.h"
#include "result.h"

namespace apparmor {

// The calling thread's attribute by aa_getcon(3) or aa_getprocattr(3), as the kernel prints it:
// "web (enforce)"; nothing when exec or prev is not set.
Result<std::optional<std::string>> ownAttr(Attr attr);

// Another task's label by aa_gettaskcon(3); nothing when libapparmor cannot tell.
std::optional<std::string> labelOfTask(pid_t pid);

// The label at the other end of a socket by aa_getpeercon(3); nothing when libapparmor cannot tell.
std::optional<std::string> labelOfPeer(int fd);

// Has libapparmor make the request that `command` is, by `call`, which returns 0 or sets errno.
// The attribute is proven before: each time, or once for each thread where that would cost half of the call.
enum class Proof { always, once };
Result<Done> request(Attr attr, const Command& command, Proof proof,
                     const std::function<int()>& call);

// The calling thread alone, by aa_change_profile(2) or aa_stack_profile(3).
Result<Done> changeOwnProfile(Change change, std::string_view profile);

}  // namespace apparmor
