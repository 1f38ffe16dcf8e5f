#include "handler.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <iterator>

#include "attr.h"

namespace apparmor {
namespace {

constexpr int kSignal = 33;
// Our si_code: among the negative ones, which are the sender's to choose.
constexpr int kCode = -7104;

// What rt_sigaction(2) takes: libc's sigaction() refuses this signal.
struct KernelAction {
  void (*handler)(int, siginfo_t*, void*);
  unsigned long flags;
  void (*restorer)();
  uint64_t mask;
};
const auto kIgnore =
    reinterpret_cast<void (*)(int, siginfo_t*, void*)>(1);  // SIG_IGN; SIG_DFL is 0

// The handlers that were there when ours was installed, the newest first. Kept for ever: a thread may be
// reading them at any time. No handler is twice among them, so they are few.
struct Previous {
  KernelAction action;
  const Previous* older;
};
std::atomic<const Previous*> gPrevious{nullptr};

std::atomic<Receiver> gReceiver{nullptr};
std::atomic<pid_t> gProbed{0};

// Its address tells our signals from those of another copy.
const char gIdentity = 0;

// How often a signal has come to this copy's handler. Kept with the signal: behind what the kernel fills in of
// a siginfo_t there is room, which it hands over empty, and whoever passes the signal on passes that, too.
struct Visits {
  const void* copy;
  uintptr_t count;
};
constexpr size_t kFilledIn = 48;
constexpr size_t kMostCopies = (sizeof(siginfo_t) - kFilledIn) / sizeof(Visits);

Visits* visitsOf(siginfo_t* info) noexcept {
  auto* visits = reinterpret_cast<Visits*>(reinterpret_cast<char*>(info) + kFilledIn);
  for (size_t i = 0; i < kMostCopies; ++i) {
    if (visits[i].copy == &gIdentity || visits[i].copy == nullptr) return &visits[i];
  }
  return nullptr;
}

// The handler for a signal that comes for the nth time: the nth newest.
const KernelAction* older(uintptr_t n) noexcept {
  const Previous* previous = gPrevious.load();
  while (n > 0 && previous != nullptr) {
    previous = previous->older;
    --n;
  }
  return previous == nullptr ? nullptr : &previous->action;
}

void pass(const KernelAction& action, int signal, siginfo_t* info, void* context) noexcept {
  if ((action.flags & SA_SIGINFO) != 0) {
    action.handler(signal, info, context);
  } else {
    reinterpret_cast<void (*)(int)>(reinterpret_cast<void*>(action.handler))(signal);
  }
}

void chain(int signal, siginfo_t* info, void* context) noexcept {
  Visits* const visits = visitsOf(info);
  if (visits == nullptr) return;
  const KernelAction* const next = older(visits->count);
  if (next == nullptr) return;
  *visits = {&gIdentity, visits->count + 1};
  pass(*next, signal, info, context);
  // The next signal's place in the stack may be the same.
  if (--visits->count == 0) visits->copy = nullptr;
}

void onSignal(int signal, siginfo_t* info, void* context) noexcept {
  const int saved = errno;
  if (info->si_code == kCode && info->si_value.sival_ptr == &gIdentity) {
    const Call call{static_cast<uint32_t>(info->si_uid), info->si_pid,
                    static_cast<size_t>(info->si_errno)};
    if (call.number == 0) {
      gProbed.store(call.tid);
    } else {
      gReceiver.load()(call);
    }
  } else {
    chain(signal, info, context);
  }
  errno = saved;
}

#if defined(__x86_64__)
// The return from a signal handler, in the very bytes by which debuggers and unwinders know it.
asm(R"(
.pushsection .text
.local apparmor_sigreturn
.type apparmor_sigreturn, @function
apparmor_sigreturn:
  movq $15, %rax
  syscall
.size apparmor_sigreturn, . - apparmor_sigreturn
.popsection
)");
extern "C" __attribute__((visibility("hidden"))) void apparmor_sigreturn();
constexpr unsigned long kReturnFlag = 0x04000000;  // SA_RESTORER
constexpr auto kReturn = apparmor_sigreturn;
#else
constexpr unsigned long kReturnFlag = 0;  // the kernel's vdso has one
constexpr void (*kReturn)() = nullptr;
#endif

int setAction(const KernelAction* action, KernelAction* old) {
  return syscall(SYS_rt_sigaction, kSignal, action, old, sizeof(uint64_t)) == 0 ? 0 : errno;
}

bool isFunction(const KernelAction& action) {
  return action.handler != nullptr && action.handler != kIgnore;
}

void remember(const KernelAction& action) {
  if (!isFunction(action) || action.handler == onSignal) return;
  const Previous* newest = gPrevious.load();
  for (const Previous* known = newest; known != nullptr; known = known->older) {
    if (known->action.handler == action.handler) return;
  }
  gPrevious.store(new Previous{action, newest});
}

// Does the handler that was put before ours pass on what is for us?
bool reachesUs() {
  const auto tid = static_cast<pid_t>(syscall(SYS_gettid));
  const uint64_t open = signalBit(kSignal);
  uint64_t mask = 0;
  gProbed.store(0);
  syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &open, &mask, sizeof mask);
  callThread({0, tid, 0});
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, sizeof mask);
  return gProbed.load() == tid;
}

}  // namespace

int installHandler(Receiver receiver) {
  const bool first = gReceiver.exchange(receiver) == nullptr;
  KernelAction old{};
  if (const int error = setAction(nullptr, &old)) return error;
  if (old.handler == onSignal) return 0;
  if (!first && isFunction(old) && reachesUs()) return 0;
  remember(old);
  const KernelAction ours{onSignal, SA_SIGINFO | SA_RESTART | SA_ONSTACK | kReturnFlag, kReturn,
                          kHeldBack};
  if (const int error = setAction(&ours, &old)) return error;
  remember(old);
  return 0;
}

int callThread(const Call& call) noexcept {
  siginfo_t info{};
  info.si_signo = kSignal;
  info.si_code = kCode;
  info.si_errno = static_cast<int>(call.index);
  info.si_pid = call.tid;
  info.si_uid = call.number;
  info.si_value.sival_ptr = const_cast<char*>(&gIdentity);
  return syscall(SYS_rt_tgsigqueueinfo, ownProcess(), call.tid, kSignal, &info) == 0 ? 0 : errno;
}

}  // namespace apparmor
