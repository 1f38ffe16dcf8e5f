#include "attr.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

#include "availability.h"
#include "decimal.h"
#include "unique_fd.h"

namespace apparmor {
namespace {

// From <linux/lsm.h>, which the headers of older distributions do not have.
constexpr long kGetSelfAttr = 459;
constexpr long kSetSelfAttr = 460;
constexpr uint64_t kLsmAppArmor = 104;
constexpr uint32_t kLsmSingle = 1;
struct LsmContext {
  uint64_t id;
  uint64_t flags;
  uint64_t len;
  uint64_t ctx_len;
};

long lsmAttr(Attr attr) {
  switch (attr) {
    case Attr::current:
      return 100;
    case Attr::exec:
      return 101;
    case Attr::prev:
      return 104;
  }
  return 0;
}

const char* attrName(Attr attr) {
  switch (attr) {
    case Attr::current:
      return "current";
    case Attr::exec:
      return "exec";
    case Attr::prev:
      return "prev";
  }
  return "";
}

// The kernel's word that it has no such system calls does not change while it runs.
std::atomic<bool> gNoSelfAttr{false};
constexpr size_t kPage = 4096;

bool unsupported(int error) {
  return error == ENOSYS || error == EOPNOTSUPP;
}

// Does the mounted /proc number processes as we do? In a new PID namespace under the old /proc,
// /proc/<our tid> is somebody else.
bool readsOurProc() noexcept {
  char link[24];
  const ssize_t n = readlink("/proc/self", link, sizeof link);
  if (n <= 0) return true;  // no procfs at all: the open that follows says so
  char own[24];
  return putDecimal(own, getpid()) - own == n && memcmp(own, link, static_cast<size_t>(n)) == 0;
}

void locate(AttrPath& path, Attr attr, Self self, bool legacy) noexcept {
  char* at = putText(path.text, "/proc/");
  at = self.procIsOurs ? putDecimal(at, self.tid) : putText(at, "thread-self");
  at = putText(at, legacy ? "/attr/" : "/attr/apparmor/");
  *putText(at, attrName(attr)) = '\0';
}

int openRetrying(const char* path, int flags) noexcept {
  int fd = -1;
  do {
    fd = open(path, flags | O_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

// Opens the attribute of the calling thread; -1 with errno and `path` the one that was refused.
int openAttr(Attr attr, int flags, AttrPath& path, Self self) noexcept {
  locate(path, attr, self, false);
  int fd = openRetrying(path.text, flags);
  if (fd >= 0 || errno != ENOENT || !legacyAttrIsAppArmor()) return fd;
  locate(path, attr, self, true);
  return openRetrying(path.text, flags);
}

int writeBySyscall(Attr attr, const Command& command) noexcept {
  // What does not fit with its header in a page fits without it into the attribute file.
  if (gNoSelfAttr.load(std::memory_order_relaxed) || command.contextSize() > kPage) return ENOSYS;
  if (syscall(kSetSelfAttr, lsmAttr(attr), command.context(), command.contextSize(), 0) == 0)
    return 0;
  if (errno == ENOSYS) gNoSelfAttr.store(true, std::memory_order_relaxed);
  return errno;
}

int writeWhole(int fd, const char* text, size_t size) noexcept {
  ssize_t n = -1;
  do {
    n = write(fd, text, size);
  } while (n < 0 && errno == EINTR);
  return n < 0 ? errno : static_cast<size_t>(n) == size ? 0 : EPROTO;
}

Result<std::string> readAll(int fd, const char* call) {
  std::string out(256, '\0');
  size_t used = 0;
  while (true) {
    const ssize_t n = read(fd, out.data() + used, out.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failure{errno, call};
    if (n == 0) break;
    used += static_cast<size_t>(n);
    if (used == out.size()) out.resize(out.size() * 2);
  }
  out.resize(used);
  return out;
}

void trimEnd(std::string& text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.pop_back();
}

Result<std::string> readBySyscall(Attr attr, const char* call) {
  std::vector<uint64_t> buffer(64);
  while (true) {
    auto* context = reinterpret_cast<LsmContext*>(buffer.data());
    memset(context, 0, sizeof *context);
    context->id = kLsmAppArmor;
    uint32_t size = static_cast<uint32_t>(buffer.size() * sizeof(uint64_t));
    const size_t room = size;
    if (syscall(kGetSelfAttr, lsmAttr(attr), context, &size, kLsmSingle) < 0) {
      if (errno != E2BIG || size <= room) return Failure{errno, call};
      buffer.resize(size / sizeof(uint64_t) + 1);
      continue;
    }
    return std::string(reinterpret_cast<const char*>(context + 1), context->ctx_len);
  }
}

Result<std::string> readByProc(Attr attr, const char* call) {
  AttrPath path{};
  const UniqueFd fd(openAttr(attr, O_RDONLY, path, Self::ask()));
  if (!fd) return Failure{errno, call, path.text};
  return readAll(fd.get(), call);
}

Result<std::string> readEither(Attr attr, const char* call) {
  if (!gNoSelfAttr.load(std::memory_order_relaxed)) {
    auto value = readBySyscall(attr, call);
    if (value || !unsupported(value.failure().error)) return value;
    if (value.failure().error == ENOSYS) gNoSelfAttr.store(true, std::memory_order_relaxed);
  }
  return readByProc(attr, call);
}

// AppArmor answers the system calls here.
bool haveSyscalls() {
  if (gNoSelfAttr.load(std::memory_order_relaxed)) return false;
  auto label = readBySyscall(Attr::current, "");
  return label || !unsupported(label.failure().error);
}

}  // namespace

Self Self::ask() noexcept {
  return {static_cast<pid_t>(syscall(SYS_gettid)), readsOurProc()};
}

Result<Command> Command::make(const char* call, std::string_view verb, std::string_view tail) {
  static_assert(sizeof(LsmContext) == kHeader);
  const size_t size = verb.size() + 1 + tail.size();
  if (size > kMax) return Failure{ENAMETOOLONG, call};
  const LsmContext header{kLsmAppArmor, 0, kHeader + size, size};
  std::string context(reinterpret_cast<const char*>(&header), kHeader);
  context += verb;
  context += ' ';
  context += tail;
  return Command(call, std::move(context));
}

int writeAttr(Attr attr, const Command& command, AttrPath& path, Self self) noexcept {
  path.text[0] = '\0';
  const int error = writeBySyscall(attr, command);
  if (!unsupported(error)) return error;
  const int fd = openAttr(attr, O_WRONLY, path, self);
  if (fd < 0) return errno;
  path.text[0] = '\0';
  const int result = writeWhole(fd, command.text(), command.size());
  close(fd);
  return result;
}

Result<Done> writeAttr(Attr attr, const Command& command) {
  if (auto proven = proveAttr(attr, command.call()); !proven) return proven.failure();
  AttrPath path{};
  const int error = writeAttr(attr, command, path, Self::ask());
  if (error == 0) return Done{};
  return Failure{error, command.call(), path.text};
}

Result<Done> proveAttr(Attr attr, const char* call) {
  if (haveSyscalls()) return Done{};
  AttrPath path{};
  const UniqueFd fd(openAttr(attr, O_WRONLY, path, Self::ask()));
  if (!fd) return Failure{errno, call, path.text};
  const std::string_view nameless = attr == Attr::exec ? "exec" : "changeprofile";
  const int error = writeWhole(fd.get(), nameless.data(), nameless.size());
  if (error == EINVAL || error == EACCES) return Done{};
  return Failure{error == 0 ? EPROTONOSUPPORT : error, call};
}

Result<std::optional<std::string>> readAttr(Attr attr, const char* call) {
  auto value = readEither(attr, call);
  if (!value) {
    // An attribute that is not set: ENOENT from the system call, EINVAL from /proc, where
    // EINVAL may also mean that there is no AppArmor: then "current" cannot be read either.
    const Failure& failure = value.failure();
    const bool unset = failure.path.empty() && (failure.error == ENOENT || failure.error == EINVAL);
    if (attr == Attr::current || !unset) return failure;
    auto current = readEither(Attr::current, call);
    if (!current) return current.failure();
    return std::optional<std::string>();
  }
  trimEnd(*value);
  if (value->empty()) {
    if (attr == Attr::current) return Failure{EPROTO, call};
    return std::optional<std::string>();
  }
  return std::optional<std::string>(std::move(*value));
}

Result<std::string> readFile(const char* path, const char* call) {
  const UniqueFd fd(openRetrying(path, O_RDONLY));
  if (!fd) return Failure{errno, call, path};
  auto text = readAll(fd.get(), call);
  if (text) trimEnd(*text);
  return text;
}

}  // namespace apparmor
