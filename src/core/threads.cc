#include "threads.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>

#include "decimal.h"
#include "task_list.h"

namespace apparmor {
namespace {

std::mutex gTurn;

// The dry run: a thread that has our credentials makes the change and is thrown away. No other way
// asks the kernel everything (the name, the rule, no_new_privs, a tracer) for every kind of change.
struct Trial {
  const Command* command;
  int error = 0;
  AttrPath path{};
  pid_t tid = 0;
  bool maySignalItself = true;
  std::string label{};  // empty when the new profile does not let it be read
};

void* runTrial(void* argument) {
  auto& trial = *static_cast<Trial*>(argument);
  trial.tid = static_cast<pid_t>(syscall(SYS_gettid));
  trial.error = writeAttr(Attr::current, *trial.command, trial.path);
  if (trial.error != 0) return nullptr;
  trial.maySignalItself = syscall(SYS_tgkill, getpid(), trial.tid, 0) == 0;
  if (auto label = readAttr(Attr::current, trial.command->call()); label && *label) {
    trial.label = std::move(**label);
  }
  return nullptr;
}

int tryOut(Trial& trial) {
  // No signal of the program may be taken on this thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread{};
  const int error = pthread_create(&thread, nullptr, runTrial, &trial);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error == 0) pthread_join(thread, nullptr);
  return error;
}

// What can be known of the other threads before any of them is changed.
Result<Done> inspect(const TaskList& tasks, const char* call) {
  bool poller = false;
  int refusal = 0;
  const int error = tasks.each([&](pid_t tid) {
    if (tasks.kind(tid) == TaskList::Kind::poller) poller = true;
    if (syscall(SYS_tgkill, getpid(), tid, 0) != 0 && errno != ESRCH) refusal = errno;
  });
  if (error != 0) return Failure{error, call, "/proc/self/task"};
  if (poller) return Failure{EXDEV, "io_uring"};
  if (refusal != 0) return Failure{refusal, "tgkill"};
  return Done{};
}

struct Subject {
  Command command;
};

int applyToThisThread(const void* subject) noexcept {
  AttrPath path{};
  return writeAttr(Attr::current, static_cast<const Subject*>(subject)->command, path);
}

// Does /proc agree that a thread has the new label? Allocates nothing. `expected` is what the trial
// read; a thread that was under another label before shows another stack.
class ReadBack {
 public:
  ReadBack(const TaskList& tasks, const Trial& trial, std::string_view profile)
      : tasks_(tasks),
        expected_(trial.label),
        profile_(profile),
        buffer_(trial.label.size() + 8192) {}

  bool agrees(pid_t tid) {
    if (expected_.empty()) return true;
    const long n = tasks_.label(tid, buffer_.data(), buffer_.size());
    // Not readable by us, or ended: its own answer stands.
    if (n < 0) return true;
    std::string_view label(buffer_.data(), static_cast<size_t>(n));
    while (!label.empty() && label.back() == '\n') label.remove_suffix(1);
    return label == expected_ || labelIncludes(label.substr(0, label.rfind(" (")), profile_);
  }

 private:
  const TaskList& tasks_;
  std::string_view expected_;
  std::string_view profile_;
  std::vector<char> buffer_;
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

Result<ProcessChange> changeEveryThread(const Command& command, std::string_view profile,
                                        int64_t timeoutNs, OnPartial onPartial) {
  const std::lock_guard turn(gTurn);
  const int64_t deadline = monotonicNs() + timeoutNs;
  const TaskList& tasks = TaskList::ofThisProcess();
  if (auto fine = inspect(tasks, command.call()); !fine) return fine.failure();

  Trial trial{&command};
  if (const int error = tryOut(trial)) return Failure{error, "pthread_create"};
  if (trial.error != 0) return Failure{trial.error, command.call(), trial.path.text};

  auto subject = std::make_unique<Subject>(Subject{command});
  ReadBack readBack(tasks, trial, profile);
  Broadcast others(tasks, applyToThisThread, subject.get());
  others.exclude(trial.tid);

  int error = others.gather(deadline);
  Answer refused{0, error};
  for (const Answer& answer : others) {
    if (error != 0) break;
    if (answer.error == 0 && readBack.agrees(answer.tid)) continue;
    error = answer.error != 0 ? answer.error : EPROTO;
    refused = {answer.tid, error};
  }
  size_t changed = others.succeeded();
  if (error == 0) {
    AttrPath path{};
    error = writeAttr(Attr::current, command, path);
    if (error == 0) ++changed;
    refused = {static_cast<pid_t>(syscall(SYS_gettid)), error};
  }
  const bool late = !others.complete();
  // A thread that was asked and has not answered will still obey.
  if (error != 0 && (changed > 0 || late) && onPartial == OnPartial::abort) {
    abortMixed(command, changed, refused);
  }
  others.release();
  if (late) static_cast<void>(subject.release());

  if (error != 0 && changed == 0 && !late) return Failure{error, command.call()};
  ProcessChange change{static_cast<long>(changed), trial.maySignalItself, error, {}};
  for (const Answer& answer : others) {
    if (error != 0 && answer.error != 0) change.refused.push_back(answer);
  }
  if (error != 0 && refused.tid != 0 && change.refused.empty()) change.refused.push_back(refused);
  return change;
}

bool labelIncludes(std::string_view label, std::string_view profile) {
  const auto plain = [](std::string_view name) {
    // ":ns:name" and ":ns://name" are the same
    const size_t colon = name.starts_with(':') ? name.find(':', 1) : std::string_view::npos;
    const bool slashes =
        colon != std::string_view::npos && name.substr(colon + 1).starts_with("//");
    return std::pair(
        name.substr(0, colon == std::string_view::npos ? 0 : colon + 1),
        name.substr(colon == std::string_view::npos ? 0 : colon + 1 + (slashes ? 2 : 0)));
  };
  const auto includes = [&](std::string_view part) {
    std::string_view rest = label;
    while (true) {
      const size_t end = rest.find("//&");
      if (plain(rest.substr(0, end)) == plain(part)) return true;
      if (end == std::string_view::npos) return false;
      rest.remove_prefix(end + 3);
    }
  };
  while (!profile.empty()) {
    const size_t end = profile.find("//&");
    if (!includes(profile.substr(0, end))) return false;
    if (end == std::string_view::npos) break;
    profile.remove_prefix(end + 3);
  }
  return true;
}

}  // namespace apparmor
