// Hats: children of the current profile that a thread puts on and takes off again.
//
// Kernel contract: whoever knows the token can leave the hat; a wrong token kills the task with
// SIGKILL. The kernel keeps the token where it keeps the flag of a stacked onexec, and clears
// onexec at the hat's ends: so the two are never mixed. Hat and token are inherited over fork.
//
// Which hat a thread wears, and by which token, is kept beside the thread (copies.h), not in JavaScript: what
// runs there may be ended at any point, by vm's timeout or Worker.terminate(), and no `finally` runs then.
// All copies of the package in a process share it, since a second token would kill.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "result.h"
#include "unique_fd.h"

namespace apparmor {

// The first of the hats that exists, by this token or by a new one, which is returned. Refused with EBUSY when an
// onexec is set, and with EALREADY when the token is a new one and the thread is known to be in a hat.
Result<uint64_t> changeHat(const std::vector<std::string>& hats, std::optional<uint64_t> token);

// Back to the profile. Outside a hat the kernel does nothing.
Result<Done> leaveHat(uint64_t token);

// A change of the profile does not outlast a hat: at its end the kernel takes the thread back to the profile
// before. So these are asked before one.
//
// Does the calling thread wear a hat of ours?
bool wearsHat();
// Async-signal-safe. Is any thread of the process in a HatVisit?
bool isAnyHatVisited() noexcept;
// Async-signal-safe. Has any thread ever put one on by changeHat()?
bool wereHatsUsedByHand() noexcept;

// A hat for the length of one call, by the token of the hat around it, or by one that nobody sees.
class HatVisit {
 public:
  // Refused as changeHat().
  static Result<HatVisit> enter(const std::vector<std::string>& hats);
  // Back to the hat around it, or to the profile. Needs no free descriptor: the function inside may have used
  // up all of them.
  Result<Done> leave();

 private:
  struct Outer {
    uint64_t token;
    std::string names;
  };
  explicit HatVisit(uint64_t token) : token_(token) {}
  bool ownsAttr();
  Result<Done> writeHeld(const std::string& names);

  uint64_t token_;
  std::optional<Outer> outer_;
  UniqueFd attr_;  // none where the kernel has the system calls
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace apparmor
