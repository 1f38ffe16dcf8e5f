#include "broadcast.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <ctime>

namespace apparmor {

namespace {

constexpr int kSignal = 33;
constexpr int kCode =
    -7104;  // our si_code: among the negative ones, which are the sender's to choose

// What rt_sigaction(2) takes: libc's sigaction() refuses this signal.
struct KernelAction {
  void (*handler)(int, siginfo_t*, void*);
  unsigned long flags;
  void (*restorer)();
  uint64_t mask;
};
const auto kIgnore =
    reinterpret_cast<void (*)(int, siginfo_t*, void*)>(1);  // SIG_IGN; SIG_DFL is 0

// ---- what all threads share. Facts of the process, not of a JavaScript environment. -------------

// The attempt's number and how far it is. Threads sleep on it; another value lets them go.
enum Step : uint32_t { kIdle = 0, kArrive = 1, kAct = 2 };
std::atomic<uint32_t> gGate{0};
constexpr uint32_t gate(uint32_t number, Step step) {
  return number << 2 | step;
}

// One for each thread that is asked. A thread takes its place only if it finds itself asked for
// there.
struct Slot {
  std::atomic<uint64_t> place;
  std::atomic<int> error;
};
constexpr uint64_t place(uint32_t number, pid_t tid, bool arrived) {
  return static_cast<uint64_t>(number) << 33 | static_cast<uint64_t>(tid) << 1 | (arrived ? 1 : 0);
}
std::atomic<Slot*> gSlots{nullptr};
std::atomic<size_t> gCapacity{0};

// Two counts, each with the number that wakes the asking thread. Apart from each other: a thread is seen
// to have arrived, by its slot, a moment before it has counted itself.
struct Tally {
  std::atomic<uint32_t> count{0};
  std::atomic<uint32_t> target{0};
};
Tally gArrivals;  // ever
Tally gAnswers;   // in this attempt

std::atomic<Broadcast::Action> gAction{nullptr};
std::atomic<const void*> gSubject{nullptr};

std::atomic<const KernelAction*> gPrevious{nullptr};

uint32_t gNumber = 0;  // the asking thread's alone

// --------------------------------------------------------------------------------------------------

void futexWait(const std::atomic<uint32_t>& word, uint32_t value, const timespec* limit) noexcept {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, limit, nullptr, 0);
}

void futexWake(const std::atomic<uint32_t>& word, int howMany) noexcept {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, howMany, nullptr, nullptr, 0);
}

void addTo(Tally& tally) noexcept {
  if (tally.count.fetch_add(1) + 1 == tally.target.load()) futexWake(tally.count, 1);
}

void takePart(uint32_t number, pid_t tid, size_t index) noexcept {
  if (index >= gCapacity.load()) return;
  Slot& slot = gSlots.load()[index];
  uint64_t asked = place(number, tid, false);
  if (!slot.place.compare_exchange_strong(asked, place(number, tid, true))) return;
  addTo(gArrivals);
  while (gGate.load() == gate(number, kArrive)) futexWait(gGate, gate(number, kArrive), nullptr);

  if (gGate.load() != gate(number, kAct)) return;
  slot.error.store(gAction.load()(gSubject.load(), tid));
  addTo(gAnswers);
  while (gGate.load() == gate(number, kAct)) futexWait(gGate, gate(number, kAct), nullptr);
}

void chain(int signal, siginfo_t* info, void* context) noexcept {
  const KernelAction* previous = gPrevious.load();
  if (previous == nullptr) return;
  if (previous->handler == nullptr || previous->handler == kIgnore) return;
  if ((previous->flags & SA_SIGINFO) != 0) {
    previous->handler(signal, info, context);
  } else {
    reinterpret_cast<void (*)(int)>(reinterpret_cast<void*>(previous->handler))(signal);
  }
}

void onSignal(int signal, siginfo_t* info, void* context) noexcept {
  const int saved = errno;
  if (info->si_code == kCode) {
    takePart(static_cast<uint32_t>(info->si_uid), info->si_pid,
             static_cast<size_t>(info->si_value.sival_int));
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

// What waits while a thread is stopped. A handler of the program's (libuv's for SIGCHLD, say) may
// want a lock that another stopped thread holds. Not held back: faults, which are the thread's own
// doing, and 34, which musl's setuid() waits for.
constexpr uint64_t bit(int signal) {
  return 1ULL << (signal - 1);
}
constexpr uint64_t kHeldBack = ~(bit(SIGILL) | bit(SIGTRAP) | bit(SIGABRT) | bit(SIGBUS) |
                                 bit(SIGFPE) | bit(SIGSEGV) | bit(SIGSYS) | bit(34));

int setAction(const KernelAction* action, KernelAction* old) {
  return syscall(SYS_rt_sigaction, kSignal, action, old, sizeof(uint64_t)) == 0 ? 0 : errno;
}

int installHandler() {
  KernelAction old{};
  if (const int error = setAction(nullptr, &old)) return error;
  if (old.handler == onSignal) return 0;
  // Kept for ever: a thread may be reading it at any time. Installing happens once, or once more
  // when somebody else has taken the signal since.
  gPrevious.store(new KernelAction(old));
  const KernelAction ours{onSignal, SA_SIGINFO | SA_RESTART | SA_ONSTACK | kReturnFlag, kReturn,
                          kHeldBack};
  return setAction(&ours, nullptr);
}

// Never freed, since a late thread may still write to it; grows at most a few times.
void provideSlots(size_t capacity) {
  if (gCapacity.load() >= capacity) return;
  gSlots.store(new Slot[capacity]());
  gCapacity.store(capacity);
}

uint32_t nextNumber() {
  gNumber = (gNumber + 1) & 0x3fffffff;
  return gNumber == 0 ? ++gNumber : gNumber;
}

timespec toTimespec(int64_t ns) {
  return {ns / 1'000'000'000, ns % 1'000'000'000};
}

void pause(int64_t ns) {
  const timespec length = toTimespec(ns);
  nanosleep(&length, nullptr);
}

}  // namespace

Broadcast::Broadcast(const TaskList& tasks, Action action, const void* subject)
    : tasks_(tasks), number_(nextNumber()) {
  // Room for the threads there are and for those that are being born meanwhile.
  const auto now = static_cast<size_t>(std::max(tasks.count(), 1L));
  while (capacity_ < now * 4) capacity_ *= 2;
  seen_.reset(new pid_t[capacity_ * 2]());
  asked_.reset(new Asked[capacity_]());
  answers_.reset(new Answer[capacity_]());
  provideSlots(capacity_);
  gAction.store(action);
  gSubject.store(subject);
}

// false: it was there already.
bool Broadcast::remember(pid_t tid) {
  const size_t size = capacity_ * 2;
  size_t at = static_cast<size_t>(tid) * 2654435761U % size;
  for (; seen_[at] != 0; at = (at + 1) % size) {
    if (seen_[at] == tid) return false;
  }
  seen_[at] = tid;
  return true;
}

void Broadcast::exclude(pid_t tid) {
  remember(tid);
}

int Broadcast::stop(int64_t deadlineNs) {
  if (const int error = installHandler()) return error;
  exclude(static_cast<pid_t>(syscall(SYS_gettid)));
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, &kHeldBack, &mask_, sizeof mask_);
  held_ = true;
  gGate.store(gate(number_, kArrive));
  while (true) {
    const size_t before = count_;
    int failure = 0;
    const int error = tasks_.each([&](pid_t tid) {
      if (failure != 0 || !remember(tid)) return;
      failure = count_ < capacity_ ? ask(tid, deadlineNs) : EAGAIN;
    });
    if (error != 0 || failure != 0) return error != 0 ? error : failure;
    if (const int late = awaitArrivals(deadlineNs)) return late;
    // All of them: those that wait, this one, and those that take no part. A stopped thread starts
    // no other, so once the numbers agree they go on doing so.
    const long known = std::count_if(asked_.get(), asked_.get() + count_, [](const Asked& asked) {
      return asked.state != State::ended;
    });
    if (tasks_.count() == known + 1) return 0;
    if (monotonicNs() > deadlineNs) return ETIMEDOUT;
    if (count_ == before) pause(100'000);  // for one that is ending
  }
}

int Broadcast::ask(pid_t tid, int64_t deadlineNs) {
  siginfo_t info{};
  info.si_signo = kSignal;
  info.si_code = kCode;
  info.si_pid = tid;
  info.si_uid = number_;
  info.si_value.sival_int = static_cast<int>(count_);

  Slot& slot = gSlots.load()[count_];
  slot.error.store(ECANCELED);
  slot.place.store(place(number_, tid, false));
  Asked& asked = asked_[count_++];
  asked = {tid, State::ended};
  while (syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, kSignal, &info) != 0) {
    if (errno == ESRCH) return 0;
    if (errno != EAGAIN || monotonicNs() > deadlineNs) return errno;
    pause(1'000'000);  // the queue of signals is full
  }
  asked.state = State::waiting;
  ++waiting_;
  return 0;
}

void Broadcast::collectArrivals() {
  const Slot* slots = gSlots.load();
  for (size_t i = 0; i < count_; ++i) {
    Asked& asked = asked_[i];
    if (asked.state != State::waiting) continue;
    if (slots[i].place.load() != place(number_, asked.tid, true)) continue;
    asked.state = State::stopped;
    --waiting_;
  }
}

int Broadcast::dropThoseThatCannotArrive() {
  for (size_t i = 0; i < count_; ++i) {
    Asked& asked = asked_[i];
    if (asked.state != State::waiting) continue;
    const auto kind = tasks_.kind(asked.tid);
    if (kind == TaskList::Kind::poller) return EXDEV;
    const bool ended = kind == TaskList::Kind::ended ||
                       (syscall(SYS_tgkill, getpid(), asked.tid, 0) != 0 && errno == ESRCH);
    if (!ended && kind != TaskList::Kind::worker) continue;
    asked.state = ended ? State::ended : State::kernels;
    --waiting_;
  }
  return 0;
}

int Broadcast::awaitArrivals(int64_t deadlineNs) {
  int64_t slice = 2'000'000;
  while (true) {
    const uint32_t seen = gArrivals.count.load();
    collectArrivals();
    if (waiting_ == 0) return 0;
    gArrivals.target.store(seen + static_cast<uint32_t>(waiting_));
    const int64_t start = monotonicNs();
    if (start >= deadlineNs) return ETIMEDOUT;
    const int64_t wait = std::min(slice, deadlineNs - start);
    const timespec limit = toTimespec(wait);
    futexWait(gArrivals.count, seen, &limit);
    if (monotonicNs() - start < wait) continue;
    collectArrivals();
    if (const int error = dropThoseThatCannotArrive()) return error;
    slice = std::min<int64_t>(slice * 2, 50'000'000);
  }
}

void Broadcast::act() {
  uint32_t stopped = 0;
  for (size_t i = 0; i < count_; ++i) stopped += asked_[i].state == State::stopped ? 1 : 0;
  gAnswers.count.store(0);
  gAnswers.target.store(stopped);
  gGate.store(gate(number_, kAct));
  futexWake(gGate, INT_MAX);
  // They are all in the handler: nothing but the action itself can hold them up.
  for (uint32_t seen = gAnswers.count.load(); seen != stopped; seen = gAnswers.count.load()) {
    futexWait(gAnswers.count, seen, nullptr);
  }
  const Slot* slots = gSlots.load();
  for (size_t i = 0; i < count_; ++i) {
    if (asked_[i].state != State::stopped) continue;
    answers_[answered_++] = {asked_[i].tid, slots[i].error.load()};
  }
}

void Broadcast::release() {
  if (!held_) return;
  held_ = false;
  gGate.store(gate(number_, kIdle));
  futexWake(gGate, INT_MAX);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask_, nullptr, sizeof mask_);
}

}  // namespace apparmor
