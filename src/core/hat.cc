#include "hat.h"

#include <sys/apparmor.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "copies.h"
#include "direct/attr.h"
#include "library.h"

namespace apparmor {

// Beside each thread. Other versions of the package read it.
struct WornHat {
  uint64_t token;
  uint32_t size;         // of the names; 0 when the thread wears no hat of ours
  uint32_t seenOutside;  // of any hat, so that it need not be asked again
  char names[4096];      // the candidates, each with a NUL byte behind it
};

struct HatTable {
  WornHat* (*ofThisThread)();
  std::atomic<int32_t>* visits;
  std::atomic<int32_t>* byHand;
};

namespace {

std::atomic<int32_t> gVisits{0};
std::atomic<int32_t> gByHand{0};

WornHat* ofThisThread() {
  static thread_local WornHat worn{};
  return &worn;
}

}  // namespace
}  // namespace apparmor

extern "C" {
[[gnu::used]] extern const apparmor::HatTable apparmor_hats{apparmor::ofThisThread,
                                                            &apparmor::gVisits, &apparmor::gByHand};
}
APPARMOR_SHARE(1, apparmor_hats);

namespace apparmor {
namespace {

// Looked up when the addon is loaded: a signal handler needs it.
const HatTable* const gTable = static_cast<const HatTable*>(firstCopy(Shared::hats));

WornHat& worn() {
  return *gTable->ofThisThread();
}

std::string join(const std::vector<std::string>& hats) {
  std::string names;
  for (const std::string& hat : hats) {
    names += hat;
    names += '\0';
  }
  return names;
}

// One name and its end.
bool isOne(const std::string& names) {
  return names.find('\0') + 1 == names.size();
}

const char* callFor(const std::string& names) {
  return names.empty() || isOne(names) ? "aa_change_hat" : "aa_change_hatv";
}

// Without names: out of the hat.
Result<Command> commandFor(const std::string& names, uint64_t token) {
  char number[18];
  snprintf(number, sizeof number, "%016llx^", static_cast<unsigned long long>(token));
  return Command::make(callFor(names), "changehat", number + names);
}

Result<Done> ask(const std::string& names, uint64_t token) {
  const auto command = commandFor(names, token);
  if (!command) return command.failure();
  std::vector<const char*> list;
  for (size_t at = 0; at < names.size(); at = names.find('\0', at) + 1) list.push_back(&names[at]);
  list.push_back(nullptr);
  return request(Attr::current, *command, Proof::once, [&] {
    return list.size() <= 2 ? aa_change_hat(list[0], token) : aa_change_hatv(list.data(), token);
  });
}

void remember(const std::string& names, uint64_t token) {
  WornHat& hat = worn();
  hat.token = token;
  hat.size = static_cast<uint32_t>(names.size());
  memcpy(hat.names, names.data(), names.size());
}

void rememberOutside() {
  WornHat& hat = worn();
  hat.token = 0;
  hat.size = 0;
  hat.seenOutside = 1;
}

// A hat of which we know nothing: a Worker may have been started in one.
bool isInHat() {
  WornHat& hat = worn();
  if (hat.size > 0) return true;
  if (hat.seenOutside == 0 && isKnownToBeSet(Attr::prev)) return true;
  hat.seenOutside = 1;
  return false;
}

// Drawn many at a time, since each draw is a system call.
Result<uint64_t> newToken() {
  static thread_local std::array<uint64_t, 64> drawn{};
  static thread_local size_t left = 0;
  while (true) {
    if (left == 0) {
      const ssize_t size = getrandom(drawn.data(), sizeof drawn, 0);
      if (size < 0 && errno != EINTR) return Failure{errno, "getrandom"};
      left = size < 0 ? 0 : static_cast<size_t>(size) / sizeof drawn[0];
      continue;
    }
    const uint64_t token = std::exchange(drawn[--left], 0);
    if (token != 0) return token;
  }
}

}  // namespace

Result<uint64_t> changeHat(const std::vector<std::string>& hats, std::optional<uint64_t> token) {
  const std::string names = join(hats);
  const char* call = callFor(names);
  if (!token && isInHat()) return Failure{EALREADY, call};
  if (isKnownToBeSet(Attr::exec)) return Failure{EBUSY, call};
  auto used = token ? Result<uint64_t>(*token) : newToken();
  if (!used) return used;
  *gTable->byHand = 1;
  const auto changed = ask(names, *used);
  if (!changed) return changed.failure();
  remember(names, *used);
  return used;
}

Result<Done> leaveHat(uint64_t token) {
  auto left = ask({}, token);
  if (left) rememberOutside();
  return left;
}

bool wearsHat() {
  return worn().size > 0;
}

bool isAnyHatVisited() noexcept {
  return *gTable->visits > 0;
}

bool wereHatsUsedByHand() noexcept {
  return *gTable->byHand != 0;
}

Result<HatVisit> HatVisit::enter(const std::vector<std::string>& hats) {
  const std::string names = join(hats);
  const char* call = callFor(names);
  const WornHat& around = worn();
  HatVisit visit(around.token);
  if (around.size > 0) {
    visit.outer_ = Outer{around.token, {around.names, around.size}};
  } else {
    if (isInHat()) return Failure{EALREADY, call};
    const auto token = newToken();
    if (!token) return token.failure();
    visit.token_ = *token;
  }
  const Known onexec = askWhetherSet(Attr::exec);
  if (onexec.isSet) return Failure{EBUSY, call};
  if (!onexec.bySyscall) {
    auto attr = openForLater(Attr::current, call);
    if (!attr) return attr.failure();
    visit.attr_ = std::move(*attr);
    struct stat file {};
    if (fstat(visit.attr_.get(), &file) != 0) return Failure{errno, call};
    visit.device_ = file.st_dev;
    visit.inode_ = file.st_ino;
  }
  ++*gTable->visits;
  const auto entered = ask(names, visit.token_);
  if (!entered) {
    --*gTable->visits;
    return entered.failure();
  }
  remember(names, visit.token_);
  return visit;
}

Result<Done> HatVisit::leave() {
  const std::string names = outer_ ? outer_->names : std::string();
  const bool isOurs = ownsAttr();
  auto left = ask(names, token_);
  if (!left && isOurs) left = writeHeld(names);
  if (!left) return left;
  --*gTable->visits;
  if (outer_) {
    remember(outer_->names, outer_->token);
  } else {
    rememberOutside();
  }
  return left;
}

// The function inside may have closed it, and the number be another file's by now.
bool HatVisit::ownsAttr() {
  struct stat file {};
  if (attr_ && fstat(attr_.get(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_) {
    return true;
  }
  attr_.release();
  return false;
}

// libapparmor opens the attribute for each request, and no descriptor may be free.
Result<Done> HatVisit::writeHeld(const std::string& names) {
  const auto command = commandFor(names, token_);
  if (!command) return command.failure();
  const int error = writeTo(attr_.get(), *command);
  if (error != 0) return Failure{error, command->call()};
  return Done{};
}

}  // namespace apparmor
