// The calling thread's own AppArmor attributes.
//
// Not by libapparmor: it believes a /proc that is false, another namespace's or missing, needs a free descriptor,
// and drops a label that has no mode. It is asked first (library.h), and this is what it cannot.
//
// Kernel contract: a label belongs to a task (one thread), and only the task itself may write its
// attributes. Three ways lead to them, tried in this order:
//   1. lsm_get_self_attr / lsm_set_self_attr (Linux 6.8): no /proc, no descriptor, no path rule.
//   2. /proc/<tid>/attr/apparmor/NAME: works under a profile that has only a change_profile rule,
//      where /proc/thread-self/… is refused. <tid> must be a number of the mounted /proc's own PID
//      namespace, or it names another process.
//   3. /proc/thread-self/attr/apparmor/NAME, when /proc belongs to another PID namespace.
// Kernels before 5.8 have no attr/apparmor directory; there /proc/<tid>/attr/NAME serves, but only
// if AppArmor is enabled, since it may belong to another security module.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "../result.h"
#include "../unique_fd.h"

namespace apparmor {

enum class Attr { current, exec, prev };

// One request to the kernel, ready to be written: "changeprofile NAME", "exec NAME", …
// At most a page: the kernel cuts a longer write short, which would name another profile.
class Command {
 public:
  static constexpr size_t kMax = 4096;

  // ENAMETOOLONG when it does not fit. `tail` may hold NUL bytes (change_hat's list of names).
  static Result<Command> make(const char* call, std::string_view verb, std::string_view tail);

  const char* call() const { return call_; }
  const char* text() const { return context_.data() + kHeader; }
  size_t size() const { return context_.size() - kHeader; }
  // The same, in front of it a struct lsm_ctx: built beforehand, since a signal handler sends it.
  const void* context() const { return context_.data(); }
  size_t contextSize() const { return context_.size(); }
  // What does not fit with its header in a page fits without it into the attribute file.
  bool fitsSyscall() const { return context_.size() <= kMax; }

 private:
  static constexpr size_t kHeader = 32;
  Command(const char* call, std::string context) : call_(call), context_(std::move(context)) {}
  const char* call_;
  std::string context_;
};

// Async-signal-safe, on a small stack: system calls only. 0, or the errno; isUnsupported() tells whether
// /proc has to be asked.
int writeBySyscall(Attr attr, const Command& command) noexcept;
bool isUnsupported(int error) noexcept;
// The same on an attribute's open descriptor: one request; and the proof that it is AppArmor's, as below.
int writeTo(int fd, const Command& command) noexcept;
int proveCurrent(int fd) noexcept;

// Async-signal-safe. Do the system calls serve this thread?
bool hasSyscalls() noexcept;

// By whichever way serves. On /proc with proof: a request without a name goes first, which AppArmor refuses. What
// accepts it (a plain file in a false /proc, another security module) would accept anything, and confine
// nothing. EPROTONOSUPPORT then.
Result<Done> writeAttr(Attr attr, const Command& command);

// The attribute, open and proven, for what has to be written when no descriptor may be free. The system calls
// need none.
Result<UniqueFd> openForLater(Attr attr, const char* call);
// The same proof alone, of /proc/<tid>/attr/…, for whoever writes it by other means; 0, or an errno.
int proveFile(Attr attr) noexcept;

// Does libapparmor reach this thread's attribute, and not another process's or a plain file in its place?
bool procIsProven();

// Async-signal-safe. This process, asked when the addon is loaded: each proof needs it, and each call of a thread. In a
// child that forks and does not execute, which Node does not do, the proofs fail, and no thread is found to call.
pid_t ownProcess() noexcept;

// Does the mounted /proc number processes as we do? In a new PID namespace under the old /proc,
// /proc/<our tid> is somebody else.
bool readsOurProc() noexcept;

// Async-signal-safe. On kernels without attr/apparmor: does attr/current belong to AppArmor?
bool legacyAttrIsAppArmor() noexcept;

// Async-signal-safe: the calling thread's label as the kernel prints it, where the kernel has the
// system call and the label fits; else nothing.
std::string_view readLabelBySyscall(char* buffer, size_t size) noexcept;

// The attribute as the kernel prints it, "web (enforce)"; nothing when exec or prev is not set.
Result<std::optional<std::string>> readAttr(Attr attr, const char* call);

// Is exec or prev set? false, too, where the attribute may not be read: then there is nothing to go by.
bool isKnownToBeSet(Attr attr);
// The same, and which way it took: whether the system calls serve need not be asked again.
struct Known {
  bool isSet;
  bool bySyscall;
};
Known askWhetherSet(Attr attr);

// Async-signal-safe: the same, by the system call alone.
bool isSetBySyscall(Attr attr) noexcept;

// Reads a whole small file; the building block for /proc.
Result<std::string> readFile(const char* path, const char* call);

}  // namespace apparmor
