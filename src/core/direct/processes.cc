#include "processes.h"

#include <cstdlib>
#include <string_view>

#include "../proc_status.h"
#include "attr.h"
#include "directory.h"

namespace apparmor {
namespace {

constexpr const char* kCall = "aa_gettaskcon";

bool gone(int error) {
  return error == ENOENT || error == ESRCH;
}

class Walk {
 public:
  // 0, or why there is nothing to be seen at all. Each system call counts on a busy host, so the
  // process's directory is not held open: a number is not used again before all others were.
  int add(const Directory& proc, std::string_view pid) {
    directory_.assign(pid);
    if (gone(proc.read(in("/status"), status_))) return 0;
    const std::string_view leader = statusField(status_, "\nTgid:\t");
    if (!leader.empty() && leader != pid) return 0;  // a thread's number leads here too
    const int error = readLabel(proc, label_);
    if (gone(error)) return 0;
    if (error == EINVAL) return error;
    const bool hasMemory = status_.find("\nVmSize:") != std::string::npos;
    const bool knowsFile = hasMemory || status_.empty();
    if (!knowsFile || proc.readLink(in("/exe"), executable_) != 0) executable_.clear();

    const std::string_view threads = statusField(status_, "\nThreads:\t");
    put(out_, pid);
    put(out_, statusField(status_, "\nPPid:\t"));
    put(out_, statusField(status_, "\nUid:\t"));
    put(out_, statusField(status_, "\nState:\t"));
    put(out_, hasMemory ? "1" : "0");
    put(out_, statusCommand(status_));
    put(out_, executable_);
    put(out_, label_);
    put(out_, threads);
    differing_.clear();
    size_t count = 0;
    if (!threads.empty() && threads != "1") count = addDifferingThreads(proc, pid);
    put(out_, std::to_string(count));
    out_ += differing_;
    return 0;
  }

  std::string take() { return std::move(out_); }

 private:
  const char* in(const char* file) {
    path_.assign(directory_).append(file);
    return path_.c_str();
  }

  // Of the task whose directory is directory_.
  int readLabel(const Directory& proc, std::string& label) {
    int error = proc.read(in(legacy_ ? "/attr/current" : "/attr/apparmor/current"), label);
    if (error == ENOENT && !legacy_ && legacyAttrIsAppArmor()) {
      error = proc.read(in("/attr/current"), label);
      legacy_ = error == 0;
    }
    return error;
  }

  size_t addDifferingThreads(const Directory& proc, std::string_view pid) {
    const Directory tasks(proc, in("/task"));
    if (!tasks) return 0;
    size_t count = 0;
    tasks.each([&](const char* tid) {
      if (pid == tid) return;
      directory_.assign(tid);
      if (readLabel(tasks, thread_) != 0 || thread_ == label_) return;
      if (tasks.read(in("/comm"), name_) != 0) return;
      put(differing_, tid);
      put(differing_, name_);
      put(differing_, thread_);
      ++count;
    });
    return count;
  }

  bool legacy_ = false;
  std::string out_, directory_, path_, status_, label_, executable_, thread_, name_, differing_;
};

}  // namespace

Result<Bytes> runningProcesses(const std::vector<pid_t>& pids) {
  const Directory proc("/proc");
  if (!proc) return Failure{errno, kCall, "/proc/"};
  // An empty list would say that nothing runs.
  if (!proc.isProc()) return Failure{ENOENT, kCall, "/proc/"};
  Walk walk;
  int failed = 0;
  const auto visit = [&](const char* pid) {
    if (pid[0] >= '1' && pid[0] <= '9' && failed == 0) failed = walk.add(proc, pid);
  };
  int error = 0;
  if (pids.empty()) {
    error = proc.each(visit);
  } else {
    for (const pid_t pid : pids) visit(std::to_string(pid).c_str());
  }
  if (error != 0) return Failure{error, kCall, "/proc/"};
  if (failed != 0) return Failure{failed, kCall};
  return Bytes{walk.take()};
}

}  // namespace apparmor
