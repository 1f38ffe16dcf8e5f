#include "threads.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>

#include "../copies.h"
#include "../decimal.h"
#include "../hat.h"
#include "../library.h"
#include "task_list.h"
#include "trial.h"

namespace apparmor {

// What this copy shows to others: held by whoever stops the threads of the process, since two at once would
// wait for each other.
extern "C" {
[[gnu::used]] std::mutex apparmor_turn;
}
APPARMOR_SHARE(2, apparmor_turn);

namespace {

std::mutex& turnOfAllCopies() {
  static auto* const turn = static_cast<std::mutex*>(const_cast<void*>(firstCopy(Shared::turn)));
  return *turn;
}

struct Subject {
  const TaskList& tasks;
  const Command& command;
  const Command* question;  // null where the kernel has no dry run
  std::string_view profile;
  bool replaces;
  std::string_view before;  // the caller's label, empty where it may not be read
};

// What a changed thread says of its label. Not 0 or 1: a print of the label that it read.
constexpr uint64_t kUnread = 0;
constexpr uint64_t kAsAsked = 1;

// By hand, like all of the handler: libc's functions use vector registers, and user-mode Linux before
// 6.13 does not keep all of those for the code that a signal interrupts.
bool isSame(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (size_t at = 0; at < a.size(); ++at) {
    if (a[at] != b[at]) return false;
  }
  return true;
}

// "PROFILE (mode)"
bool isLabelOf(std::string_view con, std::string_view profile) noexcept {
  const size_t end = profile.size();
  if (con.size() < end + 2 || con[end] != ' ' || con[end + 1] != '(') return false;
  for (size_t at = end + 1; at < con.size(); ++at) {
    if (con[at] == ' ') return false;  // it is a longer name
  }
  return isSame(con.substr(0, end), profile);
}

uint64_t printOf(std::string_view con) noexcept {
  uint64_t print = 14695981039346656037U;  // FNV-1a
  for (const char byte : con) print = (print ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  return print | 2;
}

// ---- what every thread does, the caller too. Async-signal-safe. ----------------------------------

// The thread's own label, into a buffer, by whichever way it may read it; empty where none lets it.
std::string_view readLabel(const TaskList& tasks, pid_t tid, char* buffer, size_t size) noexcept {
  const std::string_view read = readLabelBySyscall(buffer, size);
  if (!read.empty()) return read;
  const long n = tasks.label(tid, buffer, size);
  std::string_view con(buffer, n > 0 ? static_cast<size_t>(n) : 0);
  while (!con.empty() && (con.back() == '\n' || con.back() == '\0')) con.remove_suffix(1);
  return con;
}

// The dry run does not look at no_new_privs, which holds a confined thread to what it has. The caller has tried
// for those that have its label. Of others it is not known, and they are not tried.
bool isHeldToItsLabel(const Subject& subject, pid_t tid) noexcept {
  if (!subject.replaces || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return false;
  char buffer[512];
  const std::string_view con = readLabel(subject.tasks, tid, buffer, sizeof buffer);
  return !isSame(con, subject.before) && !isSame(con, "unconfined");
}

// At its end the kernel would take the thread back to the profile before.
bool isInHat(const Subject& subject, pid_t tid) noexcept {
  if (hasSyscalls()) return isSetBySyscall(Attr::prev);
  return wereHatsUsedByHand() && subject.tasks.isInHat(tid);
}

int prepare(const void* argument, pid_t tid, int& fd) noexcept {
  const auto& subject = *static_cast<const Subject*>(argument);
  const bool byFile = !subject.command.fitsSyscall() || !hasSyscalls();
  int error = ENOSYS;
  if (!byFile && subject.question != nullptr) {
    error = writeBySyscall(Attr::current, *subject.question);
  } else if (!byFile) {
    error = 0;
  }
  if (isUnsupported(error)) {
    fd = subject.tasks.openLabel(tid);
    // Where /proc cannot be asked, the word of the system call stands.
    if (fd < 0) return error == EPERM ? error : -fd;
    error = proveCurrent(fd);
    if (error == 0 && subject.question != nullptr) error = writeTo(fd, *subject.question);
  }
  if (error == 0 && isHeldToItsLabel(subject, tid)) error = EPERM;
  return error == 0 && isInHat(subject, tid) ? EALREADY : error;
}

int apply(const void* argument, pid_t, int fd, uint64_t& print) noexcept {
  const auto& subject = *static_cast<const Subject*>(argument);
  const int error =
      fd >= 0 ? writeTo(fd, subject.command) : writeBySyscall(Attr::current, subject.command);
  if (error != 0) return error;
  char buffer[512];
  const std::string_view con = readLabelBySyscall(buffer, sizeof buffer);
  print = con.empty() ? kUnread : isLabelOf(con, subject.profile) ? kAsAsked : printOf(con);
  return 0;
}

// --------------------------------------------------------------------------------------------------

// Does a thread have the label that was asked for? Allocates nothing once it is there: the threads are stopped.
// A name can be written in other ways than the kernel prints it, so the caller's own label, which the kernel has
// made of the same request, is right too.
class ReadBack {
 public:
  ReadBack(const TaskList& tasks, std::string_view profile)
      : tasks_(tasks), profile_(profile), own_(kMax), other_(kMax) {}

  // The caller has changed.
  void readOwn(pid_t tid) { con_ = readLabel(tasks_, tid, own_.data(), own_.size()); }
  std::string_view con() const { return con_; }

  bool agrees(const Answer& answer) {
    if (answer.print == kAsAsked) return true;
    if (!con_.empty() && answer.print == printOf(con_)) return true;
    const long n = tasks_.label(answer.tid, other_.data(), other_.size());
    // Not readable under the new profile: what the kernel answered to the thread stands.
    if (n <= 0) return true;
    std::string_view con(other_.data(), static_cast<size_t>(n));
    while (!con.empty() && con.back() == '\n') con.remove_suffix(1);
    return con == con_ || labelIncludes(con.substr(0, con.rfind(" (")), profile_);
  }

 private:
  static constexpr size_t kMax = 8192;
  const TaskList& tasks_;
  std::string_view profile_;
  std::vector<char> own_;
  std::vector<char> other_;
  std::string_view con_{};
};

// Never waits: the reader of stderr may itself wait for this process.
void say(const char* text, size_t size) {
  pollfd ready{STDERR_FILENO, POLLOUT, 0};
  if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return;
  const iovec part{const_cast<char*>(text), size};
  // Another process may have filled the pipe since.
  constexpr int kNoWait = 8;  // RWF_NOWAIT
  if (syscall(SYS_pwritev2, STDERR_FILENO, &part, 1, -1L, -1L, kNoWait) >= 0) return;
  if (errno == EAGAIN) return;
  static_cast<void>(!write(STDERR_FILENO, text, size));
}

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
  say(text, static_cast<size_t>(at - text));
  signal(SIGABRT, SIG_DFL);
  syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGABRT);
  syscall(SYS_exit_group, 134);
  __builtin_unreachable();
}

// The caller's part in the attempt, with the descriptor that it keeps between the two steps.
class Own {
 public:
  explicit Own(const Subject& subject)
      : subject_(subject), answer_{static_cast<pid_t>(syscall(SYS_gettid)), 0, kUnread} {}
  ~Own() {
    if (fd_ >= 0) close(fd_);
  }
  Own(const Own&) = delete;
  Own& operator=(const Own&) = delete;

  pid_t tid() const { return answer_.tid; }
  const Answer& prepare() {
    answer_.error = apparmor::prepare(&subject_, answer_.tid, fd_);
    return answer_;
  }
  const Answer& apply() {
    answer_.error = apparmor::apply(&subject_, answer_.tid, fd_, answer_.print);
    return answer_;
  }

 private:
  const Subject& subject_;
  Answer answer_;
  int fd_ = -1;
};

int firstError(const Broadcast& others, const Answer& own) {
  for (const Answer& answer : others) {
    if (answer.error != 0) return answer.error;
  }
  return own.error;
}

// Once the threads go on.
void collect(const Broadcast& others, const Answer& own, std::vector<Answer>& refused) {
  for (const Answer& answer : others) {
    if (answer.error != 0) refused.push_back(answer);
  }
  if (own.error != 0) refused.push_back(own);
}

}  // namespace

Result<ProcessChange> changeEveryThread(Change change, std::string_view profile, int64_t timeoutNs,
                                        OnPartial onPartial) {
  const auto command = makeCommand(change, profile);
  if (!command) return command.failure();

  const std::lock_guard turn(turnOfAllCopies());
  const int64_t deadline = monotonicNs() + timeoutNs;
  TaskList& tasks = TaskList::ofThisProcess();
  const auto tried = tryChange(change, profile);
  if (!tried) return tried.failure();
  if (const int error = tasks.ensure()) return Failure{error, "getdents64"};

  const auto question = makeQuestion(change, profile);
  const auto before = readAttr(Attr::current, command->call());
  const Subject subject{tasks,
                        *command,
                        *tried == Tried::asked && question ? &*question : nullptr,
                        profile,
                        change == Change::replace,
                        before ? std::string_view(**before) : std::string_view()};
  ReadBack readBack(tasks, profile);
  Own own(subject);
  const Action action{prepare, apply, &subject};
  Broadcast others(tasks, action);
  ProcessChange result;
  if (auto failure = others.stop(deadline)) {
    others.release();
    if (failure->error == ETIMEDOUT) failure->call = command->call();
    return *failure;
  }
  const Answer& ready = own.prepare();
  result.error = firstError(others, ready);
  if (result.error == 0 && isAnyHatVisited()) {
    others.release();
    return Failure{EALREADY, command->call()};
  }
  if (result.error != 0) {
    others.release();
    collect(others, ready, result.refused);
    return result;
  }

  others.act();
  size_t changed = 0;
  Answer refused{own.tid(), 0, kUnread};
  for (const Answer& answer : others) {
    if (answer.error == 0) ++changed;
    if (refused.error == 0 && answer.error != 0) refused = answer;
  }
  if (refused.error == 0) {
    refused.error = own.apply().error;
    if (refused.error == 0) ++changed;
  }
  if (refused.error == 0) {
    readBack.readOwn(own.tid());
    for (const Answer& answer : others) {
      if (refused.error == 0 && !readBack.agrees(answer)) refused = {answer.tid, EPROTO, kUnread};
    }
  }
  if (refused.error != 0 && changed > 0 && onPartial == OnPartial::abort) {
    abortMixed(*command, changed, refused);
  }
  others.release();

  result.error = refused.error;
  result.threads = static_cast<long>(changed);
  if (!readBack.con().empty()) result.con = std::string(readBack.con());
  if (refused.error == 0) {
    result.setuidWorks = syscall(SYS_tgkill, getpid(), own.tid(), 0) == 0;
  } else {
    collect(others, {own.tid(), 0, kUnread}, result.refused);
    if (result.refused.empty()) result.refused.push_back(refused);
  }
  return result;
}

Result<std::optional<std::string>> changeThisThread(Change change, std::string_view profile) {
  if (wearsHat()) {
    const auto command = makeCommand(change, profile);
    return command ? Failure{EALREADY, command->call()} : command.failure();
  }
  const std::lock_guard turn(turnOfAllCopies());
  const auto written = changeOwnProfile(change, profile);
  if (!written) return written.failure();
  auto con = readAttr(Attr::current, "aa_getcon");
  return con ? *con : std::optional<std::string>();
}

namespace {

struct LabelPart {
  std::string_view policyNamespace, name;
  bool operator==(const LabelPart&) const = default;
};

// What the kernel trims: white space as it sees it, where the byte A0 is some.
bool isSpace(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r') || byte == '\xa0';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && isSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && isSpace(text.back())) text.remove_suffix(1);
  return text;
}

// Takes the first part off a label. One that names no namespace is in that of the part before it, and
// ":ns:name" is ":ns://name".
LabelPart takePart(std::string_view& label, std::string_view policyNamespace) {
  const size_t end = label.find("//&");
  std::string_view name = trim(label.substr(0, end));
  label.remove_prefix(end == std::string_view::npos ? label.size() : end + 3);
  const size_t colon = name.starts_with(':') ? name.find(':', 1) : std::string_view::npos;
  if (colon != std::string_view::npos) {
    policyNamespace = trim(name.substr(1, colon - 1));
    name.remove_prefix(colon + 1);
    if (name.starts_with("//")) name.remove_prefix(2);
    name = trim(name);
  }
  return {policyNamespace, name};
}

}  // namespace

bool labelIncludes(std::string_view label, std::string_view profile) {
  profile = trim(profile);
  for (int i = 0; i < 2 && profile.starts_with('&'); ++i) profile = trim(profile.substr(1));
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
