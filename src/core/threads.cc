#include "threads.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>

#include "decimal.h"
#include "task_list.h"
#include "trial.h"

namespace apparmor {
namespace {

std::mutex gTurn;

struct Subject {
  const Command& command;
  std::string_view profile;
  bool procIsOurs;
};

// Changed, and the thread itself could not read that back.
constexpr int kUnread = -1;

// "PROFILE (mode)". Compared by hand: libc's functions use vector registers, and user-mode Linux before
// 6.13 does not keep all of those for the code that a signal interrupts.
bool isLabelOf(std::string_view con, std::string_view profile) noexcept {
  const size_t end = profile.size();
  if (con.size() < end + 2 || con[end] != ' ' || con[end + 1] != '(') return false;
  for (size_t at = 0; at < end; ++at) {
    if (con[at] != profile[at]) return false;
  }
  for (size_t at = end + 1; at < con.size(); ++at) {
    if (con[at] == ' ') return false;  // it is a longer name
  }
  return true;
}

// Async-signal-safe.
int applyToThread(const void* argument, pid_t tid) noexcept {
  const auto& subject = *static_cast<const Subject*>(argument);
  AttrPath path{};
  const int error = writeAttr(Attr::current, subject.command, path, {tid, subject.procIsOurs});
  if (error != 0) return error;
  char buffer[512];
  const std::string_view con = readLabelBySyscall(buffer, sizeof buffer);
  return isLabelOf(con, subject.profile) ? 0 : kUnread;
}

// Does /proc agree that a thread has the new label? Allocates nothing: the threads are stopped.
// Each shows the profile; or all show one and the same label, and not that of before (complain mode
// invents names).
class ReadBack {
 public:
  ReadBack(const TaskList& tasks, std::string_view profile)
      : tasks_(tasks), profile_(profile), first_(kMax), buffer_(kMax) {
    auto before = readAttr(Attr::current, "");
    if (before && *before) before_ = std::move(**before);
  }

  bool agrees(pid_t tid) {
    if (blind_) return true;
    const long n = tasks_.label(tid, buffer_.data(), buffer_.size());
    // Not readable under the caller's profile: what the kernel answered to each thread stands.
    if (n == -EACCES || n == -EPERM) blind_ = true;
    if (n <= 0) return true;
    std::string_view con(buffer_.data(), static_cast<size_t>(n));
    while (!con.empty() && con.back() == '\n') con.remove_suffix(1);
    if (labelIncludes(con.substr(0, con.rfind(" (")), profile_)) return true;
    if (con == before_) return false;
    if (seen_ == 0) {
      seen_ = con.size();
      first_.swap(buffer_);
      return true;
    }
    return con == std::string_view(first_.data(), seen_);
  }

 private:
  static constexpr size_t kMax = 4096;
  const TaskList& tasks_;
  std::string_view profile_;
  std::string before_{};
  std::vector<char> first_;
  std::vector<char> buffer_;
  size_t seen_ = 0;
  bool blind_ = false;
};

// Other threads are stopped and may hold any lock: only system calls until the end.
[[noreturn]] void abortMixed(const Command& command, size_t changed, const Answer& refused) {
  char text[512];
  char* at = putText(text, "apparmor: aborting: ");
  at = putText(at, command.call());
  at = putText(at, " changed ");
  at = putDecimal(at, static_cast<long>(changed));
  at = putText(at, " threads and then failed for thread ");
  at = putDecimal(at, refused.tid);
  at = putText(at, " with errno ");
  at = putDecimal(at, refused.error);
  at = putText(at, "; a half-confined process must not run (see onPartial)\n");
  static_cast<void>(!write(STDERR_FILENO, text, static_cast<size_t>(at - text)));
  signal(SIGABRT, SIG_DFL);
  syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGABRT);
  syscall(SYS_exit_group, 134);
  __builtin_unreachable();
}

}  // namespace

Result<ProcessChange> changeEveryThread(Change change, std::string_view profile, int64_t timeoutNs,
                                        OnPartial onPartial) {
  const auto command = makeCommand(change, profile);
  if (!command) return command.failure();

  const std::lock_guard turn(gTurn);
  const int64_t deadline = monotonicNs() + timeoutNs;
  const TaskList& tasks = TaskList::ofThisProcess();
  const auto tried = tryChange(change, profile);
  if (!tried) return tried.failure();

  const Self self = Self::ask();
  const Subject subject{*command, profile, self.procIsOurs};
  ReadBack readBack(tasks, profile);
  Broadcast others(tasks, applyToThread, &subject);
  if (tried->ending != 0) others.exclude(tried->ending);
  if (const int error = others.stop(deadline)) {
    others.release();
    return Failure{error, error == EACCES || error == EPERM ? "rt_tgsigqueueinfo"
                          : error == EXDEV                  ? "io_uring"
                                                            : command->call()};
  }

  others.act();
  Answer refused{self.tid, 0};
  size_t changed = 0;
  for (const Answer& answer : others) {
    if (answer.error <= 0) ++changed;
    if (refused.error != 0) continue;
    if (answer.error > 0) {
      refused = answer;
    } else if (answer.error == kUnread && !readBack.agrees(answer.tid)) {
      refused = {answer.tid, EPROTO};
    }
  }
  if (refused.error == 0) refused.error = std::max(applyToThread(&subject, self.tid), 0);
  if (refused.error == 0) ++changed;
  if (refused.error != 0 && changed > 0 && onPartial == OnPartial::abort) {
    abortMixed(*command, changed, refused);
  }
  others.release();

  if (refused.error != 0 && changed == 0) return Failure{refused.error, command->call()};
  ProcessChange result{static_cast<long>(changed), true, refused.error, {}};
  if (refused.error == 0) result.setuidWorks = syscall(SYS_tgkill, getpid(), self.tid, 0) == 0;
  for (const Answer& answer : others) {
    if (answer.error > 0) result.refused.push_back(answer);
  }
  if (refused.error != 0 && result.refused.empty()) result.refused.push_back(refused);
  return result;
}

namespace {

struct LabelPart {
  std::string_view policyNamespace, name;
  bool operator==(const LabelPart&) const = default;
};

// Takes the first part off a label. One that names no namespace is in that of the part before it, and
// ":ns:name" is ":ns://name".
LabelPart takePart(std::string_view& label, std::string_view policyNamespace) {
  const size_t end = label.find("//&");
  std::string_view name = label.substr(0, end);
  label.remove_prefix(end == std::string_view::npos ? label.size() : end + 3);
  const size_t colon = name.starts_with(':') ? name.find(':', 1) : std::string_view::npos;
  if (colon != std::string_view::npos) {
    policyNamespace = name.substr(0, colon + 1);
    name.remove_prefix(colon + 1);
    if (name.starts_with("//")) name.remove_prefix(2);
  }
  return {policyNamespace, name};
}

}  // namespace

bool labelIncludes(std::string_view label, std::string_view profile) {
  LabelPart wanted{};
  while (!profile.empty()) {
    wanted = takePart(profile, wanted.policyNamespace);
    bool found = false;
    LabelPart part{};
    for (std::string_view rest = label; !rest.empty() && !found;) {
      part = takePart(rest, part.policyNamespace);
      found = part == wanted;
    }
    if (!found) return false;
  }
  return true;
}

}  // namespace apparmor
