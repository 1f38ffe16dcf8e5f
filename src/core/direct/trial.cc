#include "trial.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include <cerrno>
#include <optional>
#include <string>

namespace apparmor {
namespace {

struct Trial {
  const Command& command;
  std::optional<Failure> refusal{};
};

void* runTrial(void* argument) {
  auto& trial = *static_cast<Trial*>(argument);
  const auto changed = writeAttr(Attr::current, trial.command);
  if (!changed) trial.refusal = changed.failure();
  return nullptr;
}

Result<Tried> tryOnThread(const Command& command) {
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
  if (trial.refusal) return *trial.refusal;
  return Tried::onThread;
}

// EINVAL is the answer of a kernel without the question, and of one without AppArmor.
Result<Done> ask(const Command& question) {
  auto answer = writeAttr(Attr::current, question);
  if (answer || answer.failure().error != EINVAL) return answer;
  if (!readAttr(Attr::current, question.call())) return answer;
  return Failure{EOPNOTSUPP, question.call()};
}

const char* callOf(Change change) {
  return change == Change::stack ? "aa_stack_profile" : "aa_change_profile";
}

}  // namespace

Result<Command> makeCommand(Change change, std::string_view profile) {
  return Command::make(callOf(change), change == Change::stack ? "stack" : "changeprofile",
                       profile);
}

Result<Command> makeQuestion(Change change, std::string_view profile) {
  const bool marked = change == Change::replace || profile.starts_with('&');
  return Command::make(callOf(change), "permprofile",
                       marked ? std::string(profile) : "&" + std::string(profile));
}

Result<Tried> tryChange(Change change, std::string_view profile) {
  const auto command = makeCommand(change, profile);
  if (!command) return command.failure();
  const auto question = makeQuestion(change, profile);
  // Stacking only takes rights away, so no_new_privs has nothing against it.
  if (question && (change == Change::stack || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0)) {
    const auto answer = ask(*question);
    if (answer) return Tried::asked;
    if (answer.failure().error != EOPNOTSUPP) return answer.failure();
  }
  return tryOnThread(*command);
}

Result<Done> tryHat(std::string_view hat) {
  const auto question =
      Command::make("aa_change_hat", "permhat", "0000000000000001^" + std::string(hat));
  return question ? ask(*question) : Result<Done>(question.failure());
}

}  // namespace apparmor
