#include "hat.h"

#include <sys/apparmor.h>

#include <cerrno>
#include <cstdio>

#include "attr.h"
#include "library.h"

namespace apparmor {
namespace {

Result<Command> makeCommand(const char* call, const std::vector<std::string>& hats,
                            uint64_t token) {
  char number[18];
  snprintf(number, sizeof number, "%016llx^", static_cast<unsigned long long>(token));
  std::string tail(number);
  for (const std::string& hat : hats) {
    tail += hat;
    tail += '\0';
  }
  return Command::make(call, "changehat", tail);
}

}  // namespace

Result<Done> changeHat(const std::vector<std::string>& hats, uint64_t token) {
  const char* call = hats.size() == 1 ? "aa_change_hat" : "aa_change_hatv";
  if (isKnownToBeSet(Attr::exec)) return Failure{EBUSY, call};
  const auto command = makeCommand(call, hats, token);
  if (!command) return command.failure();
  std::vector<const char*> names;
  for (const std::string& hat : hats) names.push_back(hat.c_str());
  names.push_back(nullptr);
  return request(Attr::current, *command, Proof::once, [&] {
    return hats.size() == 1 ? aa_change_hat(names[0], token) : aa_change_hatv(names.data(), token);
  });
}

Result<Done> leaveHat(uint64_t token) {
  const auto command = makeCommand("aa_change_hat", {}, token);
  if (!command) return command.failure();
  return request(Attr::current, *command, Proof::once,
                 [&] { return aa_change_hat(nullptr, token); });
}

}  // namespace apparmor
