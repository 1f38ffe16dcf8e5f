#include "exec.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/apparmor.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "direct/attr.h"
#include "library.h"

namespace apparmor {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

// Changes flags of a descriptor and puts them back, should the exec fail.
class FlagChange {
 public:
  FlagChange(int fd, int get, int set, int clear)
      : fd_(fd), set_(set), before_(fcntl(fd, get)), error_(before_ < 0 ? errno : 0) {
    if (before_ >= 0 && fcntl(fd, set, before_ & ~clear) < 0) error_ = errno;
  }
  FlagChange(FlagChange&& other) noexcept
      : fd_(other.fd_),
        set_(other.set_),
        before_(std::exchange(other.before_, -1)),
        error_(other.error_) {}
  ~FlagChange() {
    if (before_ >= 0) fcntl(fd_, set_, before_);
  }
  int error() const { return error_; }

 private:
  int fd_;
  int set_;
  int before_;
  int error_;
};

}  // namespace

Result<Done> setOnexec(Change change, std::string_view profile) {
  const bool stack = change == Change::stack;
  const auto command = Command::make(stack ? "aa_stack_onexec" : "aa_change_onexec",
                                     stack ? "stack" : "exec", profile);
  if (!command) return command.failure();
  if (isKnownToBeSet(Attr::prev)) return Failure{EBUSY, command->call()};
  const std::string name(profile);
  return request(Attr::exec, *command, Proof::always, [&] {
    return stack ? aa_stack_onexec(name.c_str()) : aa_change_onexec(name.c_str());
  });
}

Failure replaceProgram(const Program& program) {
  auto arguments = pointers(program.arguments);
  auto environment = pointers(program.environment);
  std::vector<FlagChange> changes;
  changes.reserve(program.keep.size() + 6);
  for (const int fd : program.keep) {
    changes.emplace_back(fd, F_GETFD, F_SETFD, FD_CLOEXEC);
    if (changes.back().error() != 0) return {changes.back().error(), "fcntl", std::to_string(fd)};
  }
  for (int fd = 0; fd <= 2; ++fd) {
    changes.emplace_back(fd, F_GETFD, F_SETFD, FD_CLOEXEC);
    changes.emplace_back(fd, F_GETFL, F_SETFL, O_NONBLOCK);
  }
  // Node ignores SIGPIPE, and what is ignored stays so over exec.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  struct sigaction before {};
  sigaction(SIGPIPE, &standard, &before);
  execve(program.file.c_str(), arguments.data(), environment.data());
  const int error = errno;
  sigaction(SIGPIPE, &before, nullptr);
  return {error, "execve", program.file};
}

}  // namespace apparmor
