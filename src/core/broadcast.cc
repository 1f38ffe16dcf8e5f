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

// What the threads share with the asking one while a question is open.
struct Broadcast::Generation {
  uint32_t number;
  Action action;
  const void* subject;
  size_t capacity;
  struct Slot {
    std::atomic<pid_t> tid;  // written last: a non-zero tid says that error is there
    int error;
  };
  std::unique_ptr<Slot[]> slots;
  std::atomic<size_t> used{0};
  size_t collected = 0;
};

struct Broadcast::Asked {
  pid_t tid;
  bool settled;
};

// True facts of the process, not of a JavaScript environment. The words on which threads sleep are
// static: a thread that has answered touches nothing that the asking one may free.
class SignalHandler {
 public:
  static int install();

  static inline std::atomic<Broadcast::Generation*> active{nullptr};
  static inline std::atomic<uint32_t> answers{0};  // changes with every answer
  static inline std::atomic<uint32_t> held{0};     // the generation that must wait, or 0

 private:
  static void run(int signal, siginfo_t* info, void* context) noexcept;
  static void answer(uint32_t number) noexcept;
  static void chain(int signal, siginfo_t* info, void* context) noexcept;
};

namespace {

constexpr int kSignal = 33;

const auto kIgnore =
    reinterpret_cast<void (*)(int, siginfo_t*, void*)>(1);  // SIG_IGN; SIG_DFL is 0

// What rt_sigaction(2) takes: libc's sigaction() refuses this signal.
struct KernelAction {
  void (*handler)(int, siginfo_t*, void*);
  unsigned long flags;
  void (*restorer)();
  uint64_t mask;
};

std::atomic<const KernelAction*> gPrevious{nullptr};
uint32_t gNumber = 0;

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

void futexWait(const std::atomic<uint32_t>& word, uint32_t value, const timespec* limit) noexcept {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, limit, nullptr, 0);
}

void futexWake(const std::atomic<uint32_t>& word, int howMany) noexcept {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, howMany, nullptr, nullptr, 0);
}

}  // namespace

int SignalHandler::install() {
  KernelAction old{};
  if (const int error = setAction(nullptr, &old)) return error;
  if (old.handler == run) return 0;
  // Kept for ever: a thread may be reading it at any time. Installing happens once, or once more
  // when somebody else has taken the signal since.
  gPrevious.store(new KernelAction(old), std::memory_order_release);
  // No other signal is blocked meanwhile: musl's setuid() waits for 34 to be taken.
  const KernelAction ours{run, SA_SIGINFO | SA_RESTART | SA_ONSTACK | kReturnFlag, kReturn, 0};
  return setAction(&ours, nullptr);
}

void SignalHandler::run(int signal, siginfo_t* info, void* context) noexcept {
  const int saved = errno;
  if (info->si_code == SI_QUEUE && info->si_value.sival_ptr == &active) {
    answer(static_cast<uint32_t>(info->si_uid));
  } else {
    chain(signal, info, context);
  }
  errno = saved;
}

void SignalHandler::answer(uint32_t number) noexcept {
  Broadcast::Generation* generation = active.load(std::memory_order_acquire);
  if (generation == nullptr || generation->number != number) return;

  const int error = generation->action(generation->subject);
  const size_t at = generation->used.fetch_add(1, std::memory_order_relaxed);
  if (at < generation->capacity) {
    generation->slots[at].error = error;
    generation->slots[at].tid.store(static_cast<pid_t>(syscall(SYS_gettid)),
                                    std::memory_order_release);
  }
  // From here on the generation may be gone.
  answers.fetch_add(1, std::memory_order_release);
  futexWake(answers, 1);
  while (held.load(std::memory_order_acquire) == number) futexWait(held, number, nullptr);
}

void SignalHandler::chain(int signal, siginfo_t* info, void* context) noexcept {
  const KernelAction* previous = gPrevious.load(std::memory_order_acquire);
  if (previous == nullptr) return;
  if (previous->handler == nullptr || previous->handler == kIgnore) return;
  if ((previous->flags & SA_SIGINFO) != 0) {
    previous->handler(signal, info, context);
  } else {
    reinterpret_cast<void (*)(int)>(reinterpret_cast<void*>(previous->handler))(signal);
  }
}

Broadcast::Broadcast(const TaskList& tasks, Action action, const void* subject) : tasks_(tasks) {
  // Room for the threads there are and for those that are being born: none of the stopped ones can
  // start more.
  const size_t now = static_cast<size_t>(std::max(tasks.count(), 1L));
  capacity_ = 1024;
  while (capacity_ < now * 4) capacity_ *= 2;
  asked_.reset(new Asked[capacity_]());
  answers_.reset(new Answer[capacity_]());
  generation_.reset(
      new Generation{++gNumber == 0 ? ++gNumber : gNumber, action, subject, capacity_,
                     std::unique_ptr<Generation::Slot[]>(new Generation::Slot[capacity_]())});
}

Broadcast::~Broadcast() {
  release();
  if (complete()) {
    SignalHandler::active.store(nullptr, std::memory_order_release);
  } else {
    // A thread that could not answer in time still obeys when it can.
    static_cast<void>(generation_.release());
  }
}

Broadcast::Asked& Broadcast::lookUp(pid_t tid) {
  size_t at = static_cast<size_t>(tid) * 2654435761U % capacity_;
  while (asked_[at].tid != 0 && asked_[at].tid != tid) at = (at + 1) % capacity_;
  return asked_[at];
}

void Broadcast::exclude(pid_t tid) {
  lookUp(tid) = {tid, true};
  ++used_;
}

int Broadcast::gather(int64_t deadlineNs) {
  if (const int error = SignalHandler::install()) return error;
  SignalHandler::active.store(generation_.get(), std::memory_order_release);
  SignalHandler::held.store(generation_->number, std::memory_order_release);
  released_ = false;

  const pid_t self = static_cast<pid_t>(syscall(SYS_gettid));
  if (lookUp(self).tid == 0) exclude(self);
  while (true) {
    bool fresh = false;
    long listed = 0;
    const int error = tasks_.each([&](pid_t tid) {
      ++listed;
      if (used_ * 2 > capacity_ || lookUp(tid).tid != 0) return;
      fresh = true;
      ask(tid, deadlineNs);
    });
    if (error != 0) return error;
    if (used_ * 2 > capacity_) return EAGAIN;
    if (const int late = awaitAnswers(deadlineNs)) return late;
    if (!fresh && listed == tasks_.count()) return 0;
    if (monotonicNs() > deadlineNs) return ETIMEDOUT;
  }
}

void Broadcast::ask(pid_t tid, int64_t deadlineNs) {
  siginfo_t info{};
  info.si_signo = kSignal;
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_uid = generation_->number;
  info.si_value.sival_ptr = &SignalHandler::active;

  Asked& asked = lookUp(tid);
  asked = {tid, false};
  ++used_;
  while (syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, kSignal, &info) != 0) {
    if (errno == EAGAIN && monotonicNs() < deadlineNs) {  // the queue of signals is full
      const timespec pause{0, 1'000'000};
      nanosleep(&pause, nullptr);
      continue;
    }
    asked.settled = true;
    if (errno != ESRCH) answers_[answered_++] = {tid, errno};
    return;
  }
  ++waiting_;
}

void Broadcast::collect() {
  size_t& at = generation_->collected;
  for (; at < capacity_; ++at) {
    const pid_t tid = generation_->slots[at].tid.load(std::memory_order_acquire);
    if (tid == 0) return;
    Asked& asked = lookUp(tid);
    if (asked.tid == 0 || asked.settled) continue;
    asked.settled = true;
    --waiting_;
    answers_[answered_++] = {tid, generation_->slots[at].error};
  }
}

void Broadcast::dropThoseThatCannotAnswer() {
  for (size_t at = 0; at < capacity_; ++at) {
    Asked& asked = asked_[at];
    if (asked.tid == 0 || asked.settled) continue;
    bool dropped = syscall(SYS_tgkill, getpid(), asked.tid, 0) != 0 && errno == ESRCH;
    if (!dropped) {
      const auto kind = tasks_.kind(asked.tid);
      dropped = kind == TaskList::Kind::ended || kind == TaskList::Kind::worker;
    }
    if (!dropped) continue;
    asked.settled = true;
    --waiting_;
  }
}

int Broadcast::awaitAnswers(int64_t deadlineNs) {
  int64_t slice = 2'000'000;
  while (true) {
    const uint32_t seen = SignalHandler::answers.load(std::memory_order_acquire);
    collect();
    if (waiting_ == 0) return 0;
    const int64_t left = deadlineNs - monotonicNs();
    if (left <= 0) return ETIMEDOUT;
    const int64_t wait = std::min(slice, left);
    const timespec limit{wait / 1'000'000'000, wait % 1'000'000'000};
    const int64_t start = monotonicNs();
    futexWait(SignalHandler::answers, seen, &limit);
    if (monotonicNs() - start < wait) continue;
    collect();
    dropThoseThatCannotAnswer();
    slice = std::min<int64_t>(slice * 2, 50'000'000);
  }
}

void Broadcast::release() {
  if (released_) return;
  released_ = true;
  SignalHandler::held.store(0, std::memory_order_release);
  futexWake(SignalHandler::held, INT_MAX);
}

int Broadcast::firstError() const {
  const auto* failed = std::find_if(begin(), end(), [](const Answer& a) { return a.error != 0; });
  return failed == end() ? 0 : failed->error;
}

size_t Broadcast::succeeded() const {
  return static_cast<size_t>(
      std::count_if(begin(), end(), [](const Answer& answer) { return answer.error == 0; }));
}

}  // namespace apparmor
