#include "trial.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include <cerrno>
#include <string>

namespace apparmor {
namespace {

struct Trial {
  const Command& command;
  Self self{};
  int error = 0;
  AttrPath path{};
};

void* runTrial(void* argument) {
  auto& trial = *static_cast<Trial*>(argument);
  trial.self = Self::ask();
  trial.error = writeAttr(Attr::current, trial.command, trial.path, trial.self);
  return nullptr;
}

Result<Tried> tryOnThread(const Command& command) {
  if (auto proven = proveAttr(Attr::current, command.call()); !proven) return proven.failure();
  Trial trial{command};
  // No signal of the program may be taken on that thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread{};
  const int error = pthread_create(&thread, nullptr, runTrial, &trial);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) return Failure{error, "pthread_create"};
  pthread_join(thread, nullptr);
  if (trial.error != 0) return Failure{trial.error, command.call(), trial.path.text};
  return Tried{trial.self.tid};
}

// EINVAL is the answer of a kernel without the question, and of one without AppArmor.
Result<Done> ask(const char* call, std::string_view verb, std::string_view tail) {
  const auto question = Command::make(call, verb, tail);
  if (!question) return question.failure();
  auto answer = writeAttr(Attr::current, *question);
  if (answer || answer.failure().error != EINVAL || !readAttr(Attr::current, call)) return answer;
  return Failure{EOPNOTSUPP, call};
}

}  // namespace

Result<Command> makeCommand(Change change, std::string_view profile) {
  return change == Change::stack ? Command::make("aa_stack_profile", "stack", profile)
                                 : Command::make("aa_change_profile", "changeprofile", profile);
}

Result<Tried> tryChange(Change change, std::string_view profile) {
  const auto command = makeCommand(change, profile);
  if (!command) return command.failure();
  if (change == Change::replace && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0) {
    const auto answer = ask(command->call(), "permprofile", profile);
    if (answer) return Tried{};
    if (answer.failure().error != EOPNOTSUPP) return answer.failure();
  }
  return tryOnThread(*command);
}

Result<Done> tryHat(std::string_view hat) {
  return ask("aa_change_hat", "permhat", "0000000000000001^" + std::string(hat));
}

}  // namespace apparmor
