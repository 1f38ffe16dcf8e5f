#include "hat.h"

#include <cerrno>
#include <cstdio>

#include "attr.h"

namespace apparmor {
namespace {

Result<Done> request(const char* call, const std::vector<std::string>& hats, uint64_t token) {
  char number[18];
  snprintf(number, sizeof number, "%016llx^", static_cast<unsigned long long>(token));
  std::string tail(number);
  for (const std::string& hat : hats) {
    tail += hat;
    tail += '\0';
  }
  const auto command = Command::make(call, "changehat", tail);
  if (!command) return command.failure();
  return writeAttr(Attr::current, *command);
}

}  // namespace

Result<Done> changeHat(const std::vector<std::string>& hats, uint64_t token) {
  const char* call = hats.size() == 1 ? "aa_change_hat" : "aa_change_hatv";
  if (isKnownToBeSet(Attr::exec)) return Failure{EBUSY, call};
  return request(call, hats, token);
}

Result<Done> leaveHat(uint64_t token) {
  return request("aa_change_hat", {}, token);
}

}  // namespace apparmor
