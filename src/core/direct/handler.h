// The handler of signal 33, which brings a thread to code of ours.
//
// Not by libapparmor: it knows no other thread than the calling one.
//
// Kernel contract: 33 is the one signal that no thread of a libc program blocks. glibc keeps it for setuid()
// and does not let sigprocmask() block it; on musl it is free in practice.
//
// What makes it safe, each point the answer to a failure that was seen:
//  - A signal that is not ours goes on to the handler that was there: without that, setuid() hangs.
//  - The handler is never taken out again, and the shared object is linked -z nodelete: restoring
//    races with libc, and an unmapped handler crashes the next setuid().
//  - Others may put their handlers before ours and pass on to us what they do not know, another copy of this
//    package too. So it is installed again only when a signal to oneself does not arrive, and one signal
//    visits each older handler once, however they point at each other.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace apparmor {

constexpr uint64_t signalBit(int signal) {
  return 1ULL << (signal - 1);
}
// What waits while a thread is stopped. A handler of the program's (libuv's for SIGCHLD, say) may
// want a lock that another stopped thread holds. Not held back: faults, which are the thread's own
// doing, and 34, which musl's setuid() waits for.
constexpr uint64_t kHeldBack =
    ~(signalBit(SIGILL) | signalBit(SIGTRAP) | signalBit(SIGABRT) | signalBit(SIGBUS) |
      signalBit(SIGFPE) | signalBit(SIGSEGV) | signalBit(SIGSYS) | signalBit(34));

// What a signal of ours says. No attempt has the number 0.
struct Call {
  uint32_t number;
  pid_t tid;
  size_t index;
};

// Runs on every thread that is called, in the signal handler.
using Receiver = void (*)(const Call& call) noexcept;

// Not for two threads at once. 0, or an errno.
int installHandler(Receiver receiver);

// Async-signal-safe. 0, or the errno of rt_tgsigqueueinfo: EAGAIN when the user's queue of signals is full.
int callThread(const Call& call) noexcept;

}  // namespace apparmor
