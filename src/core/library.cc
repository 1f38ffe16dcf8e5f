#include "library.h"

#include <sys/apparmor.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace apparmor {
namespace {

// What libapparmor has taken apart. Its answer is a size; the label may be empty, and in 5.0 null.
template <class Ask>
std::optional<std::string> joined(const Ask& ask) {
  char* label = nullptr;
  char* mode = nullptr;  // 5.0 writes it even on failure
  const int size = ask(&label, &mode);
  std::optional<std::string> text;
  if (size >= 0 && label != nullptr && *label != '\0') {
    text.emplace(label);
    if (mode != nullptr) text->append(" (").append(mode).append(")");
  }
  free(label);  // the mode lies in it
  return text;
}

pid_t ownThread() {
  static thread_local const auto tid = static_cast<pid_t>(syscall(SYS_gettid));
  return tid;
}

}  // namespace

Result<std::optional<std::string>> ownAttr(Attr attr) {
  const bool current = attr == Attr::current;
  if (procIsProven()) {
    auto text = joined([&](char** label, char** mode) {
      if (current) return aa_getcon(label, mode);
      return aa_getprocattr(ownThread(), attr == Attr::exec ? "exec" : "prev", label, mode);
    });
    if (text) return text;
  }
  return readAttr(attr, current ? "aa_getcon" : "aa_getprocattr");
}

std::optional<std::string> labelOfTask(pid_t pid) {
  return joined([&](char** label, char** mode) { return aa_gettaskcon(pid, label, mode); });
}

std::optional<std::string> labelOfPeer(int fd) {
  return joined([&](char** label, char** mode) { return aa_getpeercon(fd, label, mode); });
}

Result<Done> request(Attr attr, const Command& command, Proof proof,
                     const std::function<int()>& call) {
  static thread_local bool proven[3] = {};
  bool& known = proven[static_cast<int>(attr)];
  const auto prove = [&] { return known = proveFile(attr) == 0; };
  if (procIsProven() && ((known && proof == Proof::once) || prove())) {
    if (call() == 0) return Done{};
    const int error = errno;
    // When it can be opened the kernel has refused the request. Else libapparmor could not open it, or looks
    // for it elsewhere.
    if (prove()) return Failure{error, command.call()};
  }
  return writeAttr(attr, command);
}

Result<Done> changeOwnProfile(Change change, std::string_view profile) {
  const auto command = makeCommand(change, profile);
  if (!command) return command.failure();
  const std::string name(profile);
  return request(Attr::current, *command, Proof::always, [&] {
    return change == Change::stack ? aa_stack_profile(name.c_str())
                                   : aa_change_profile(name.c_str());
  });
}

}  // namespace apparmor
