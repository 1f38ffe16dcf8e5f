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

#include "handler.h"
#include "rings.h"

namespace apparmor {

namespace {

// ---- what all threads share. Facts of the process, not of a JavaScript environment. -------------

// The attempt's number and how far it is. Threads sleep on it; another value lets them go.
enum Step : uint32_t { kIdle = 0, kArrive = 1, kAct = 2 };
std::atomic<uint32_t> gGate{0};
constexpr uint32_t gate(uint32_t number, Step step) {
  return number << 2 | step;
}

// One for each thread that is asked. A thread takes its place only if it finds itself asked for
// there.
enum class Progress : uint64_t { asked = 0, taken = 1, arrived = 2 };
struct Slot {
  std::atomic<uint64_t> place;
  std::atomic<int> error;
  std::atomic<uint64_t> print;
};
constexpr uint64_t place(uint32_t number, pid_t tid, Progress progress) {
  return static_cast<uint64_t>(number) << 34 | static_cast<uint64_t>(tid) << 2 |
         static_cast<uint64_t>(progress);
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

std::atomic<const Action*> gAction{nullptr};

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

void waitAt(uint32_t step) noexcept {
  while (gGate.load() == step) futexWait(gGate, step, nullptr);
}

void takePart(const Call& call) noexcept {
  if (call.index >= gCapacity.load()) return;
  Slot& slot = gSlots.load()[call.index];
  uint64_t asked = place(call.number, call.tid, Progress::asked);
  // From here on the attempt is not given up without waiting for this thread.
  if (!slot.place.compare_exchange_strong(asked, place(call.number, call.tid, Progress::taken)))
    return;
  const Action& action = *gAction.load();
  int fd = -1;
  slot.error.store(action.prepare(action.subject, call.tid, fd));
  slot.place.store(place(call.number, call.tid, Progress::arrived));
  addTo(gArrivals);
  waitAt(gate(call.number, kArrive));

  if (gGate.load() == gate(call.number, kAct)) {
    uint64_t print = 0;
    const int error = action.act(action.subject, call.tid, fd, print);
    slot.print.store(print);
    slot.error.store(error);
    addTo(gAnswers);
    waitAt(gate(call.number, kAct));
  }
  if (fd >= 0) close(fd);
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

Broadcast::Broadcast(TaskList& tasks, const Action& action)
    : tasks_(tasks), self_(static_cast<pid_t>(syscall(SYS_gettid))), number_(nextNumber()) {
  // Room for the threads there are and for those that are being born meanwhile.
  const auto now = static_cast<size_t>(std::max(tasks.count(), 1L));
  while (capacity_ < now * 4) capacity_ *= 2;
  known_.reset(new Known[capacity_ * 2]());
  asked_.reset(new Asked[capacity_]());
  loose_.reset(new size_t[capacity_]());
  answers_.reset(new Answer[capacity_]());
  provideSlots(capacity_);
  gAction.store(&action);
}

// Where a thread is known, or would be.
Broadcast::Known& Broadcast::find(pid_t tid) {
  const size_t size = capacity_ * 2;
  size_t at = static_cast<size_t>(tid) * 2654435761U % size;
  while (known_[at].tid != 0 && known_[at].tid != tid) at = (at + 1) % size;
  return known_[at];
}

std::optional<Failure> Broadcast::stop(int64_t deadlineNs) {
  if (const int error = installHandler(takePart)) return Failure{error, "rt_sigaction"};
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, &kHeldBack, &mask_, sizeof mask_);
  held_ = true;
  gGate.store(gate(number_, kArrive));
  for (bool whole = false; !whole;) {
    Look seen;
    if (auto failure = look(seen, deadlineNs)) return failure;
    if (auto failure = awaitArrivals(deadlineNs)) return failure;
    if (auto failure = confirm(seen, deadlineNs, whole)) return failure;
  }
  collectAnswers();
  return std::nullopt;
}

// Asks every thread of the list that has not been asked yet.
std::optional<Failure> Broadcast::look(Look& look, int64_t deadlineNs) {
  std::optional<Failure> failure;
  ++looks_;
  const int error = tasks_.each([&](pid_t tid) {
    if (failure) return;
    if (tid == self_) {
      look.listed += look.self ? 0 : 1;
      look.self = true;
      return;
    }
    Known& known = find(tid);
    if (known.tid == 0) {
      look.news = true;
      failure = ask(tid, deadlineNs);
    } else if (known.look != looks_) {
      known.look = looks_;
      ++look.listed;
      if (asked_[known.index].state != State::stopped) loose_[look.loose++] = known.index;
    }
  });
  if (error != 0) return Failure{error, "getdents64"};
  return failure;
}

// Was that look a whole one, of threads that are stopped, the kernel's own, or on their way out?
std::optional<Failure> Broadcast::confirm(const Look& look, int64_t deadlineNs, bool& whole) {
  whole = !look.news && look.self && tasks_.count() == look.listed;
  bool kernels = false;
  // If each of these is still there, none has made room for a thread that was not listed.
  for (size_t i = 0; i < look.loose && whole; ++i) {
    const Asked asked = asked_[loose_[i]];
    const auto kind = tasks_.kind(asked.tid);
    const bool same = kind == TaskList::Kind::kernels && asked.state == State::kernels;
    kernels = kernels || same;
    whole = same || kind == TaskList::Kind::ending;
    // A new thread has got the number of one that is gone.
    const bool other = kind == TaskList::Kind::user || kind == TaskList::Kind::kernels;
    if (whole || !other) continue;
    if (auto failure = ask(asked.tid, deadlineNs)) return failure;
  }
  // Now that nobody opens another ring.
  const Rings rings = whole && kernels ? ringsOf(tasks_, self_) : Rings::plain;
  if (rings == Rings::polled) return Failure{EXDEV, "io_uring"};
  whole = whole && rings == Rings::plain;
  if (whole) return std::nullopt;
  if (monotonicNs() > deadlineNs) {
    return rings == Rings::unknown ? Failure{EXDEV, "io_uring"} : Failure{ETIMEDOUT, "futex"};
  }
  if (!look.news) pause(100'000);  // for one that is ending, or a ring that is being closed
  return std::nullopt;
}

std::optional<Failure> Broadcast::ask(pid_t tid, int64_t deadlineNs) {
  if (count_ == capacity_) return Failure{EAGAIN, "clone"};
  Slot& slot = gSlots.load()[count_];
  slot.place.store(place(number_, tid, Progress::asked));
  find(tid) = {tid, count_, looks_};
  Asked& asked = asked_[count_];
  asked = {tid, State::ending};
  const Call call{number_, tid, count_++};
  while (const int error = callThread(call)) {
    if (error == ESRCH) return std::nullopt;
    if (error != EAGAIN || monotonicNs() > deadlineNs) return Failure{error, "rt_tgsigqueueinfo"};
    pause(1'000'000);  // the queue of signals is full
  }
  asked.state = State::waiting;
  ++waiting_;
  return std::nullopt;
}

void Broadcast::collectArrivals() {
  const Slot* slots = gSlots.load();
  for (size_t i = 0; i < count_; ++i) {
    Asked& asked = asked_[i];
    if (asked.state != State::waiting) continue;
    if (slots[i].place.load() != place(number_, asked.tid, Progress::arrived)) continue;
    asked.state = State::stopped;
    --waiting_;
  }
}

// Finds out what those are that have not arrived.
void Broadcast::classify() {
  for (size_t i = 0; i < count_; ++i) {
    Asked& asked = asked_[i];
    if (asked.state != State::waiting) continue;
    const auto kind = tasks_.kind(asked.tid);
    if (kind == TaskList::Kind::user) continue;
    // Where its state may not be read, a signal knows at least whether it is there.
    if (kind == TaskList::Kind::unknown &&
        (syscall(SYS_tgkill, getpid(), asked.tid, 0) == 0 || errno != ESRCH))
      continue;
    asked.state = kind == TaskList::Kind::kernels ? State::kernels : State::ending;
    --waiting_;
  }
}

std::optional<Failure> Broadcast::awaitArrivals(int64_t deadlineNs) {
  int64_t slice = 2'000'000;
  while (true) {
    const uint32_t seen = gArrivals.count.load();
    collectArrivals();
    if (waiting_ == 0) return std::nullopt;
    gArrivals.target.store(seen + static_cast<uint32_t>(waiting_));
    const int64_t start = monotonicNs();
    if (start >= deadlineNs) return Failure{ETIMEDOUT, "futex"};
    const int64_t wait = std::min(slice, deadlineNs - start);
    const timespec limit = toTimespec(wait);
    futexWait(gArrivals.count, seen, &limit);
    if (monotonicNs() - start < wait) continue;
    collectArrivals();
    classify();
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
  collectAnswers();
}

void Broadcast::collectAnswers() {
  answered_ = 0;
  const Slot* slots = gSlots.load();
  for (size_t i = 0; i < count_; ++i) {
    if (asked_[i].state != State::stopped) continue;
    answers_[answered_++] = {asked_[i].tid, slots[i].error.load(), slots[i].print.load()};
  }
}

// A thread that has not come is not to begin any more, and one that has begun is waited for: it uses the
// action, which ends with the attempt.
void Broadcast::revoke() {
  Slot* slots = gSlots.load();
  for (size_t i = 0; i < count_; ++i) {
    uint64_t asked = place(number_, asked_[i].tid, Progress::asked);
    if (slots[i].place.compare_exchange_strong(asked, 0)) continue;
    const uint64_t taken = place(number_, asked_[i].tid, Progress::taken);
    while (slots[i].place.load() == taken) pause(50'000);
  }
}

void Broadcast::release() {
  if (!held_) return;
  held_ = false;
  revoke();
  gGate.store(gate(number_, kIdle));
  futexWake(gGate, INT_MAX);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask_, nullptr, sizeof mask_);
}

}  // namespace apparmor
