#include "attr.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

#include "../decimal.h"
#include "../unique_fd.h"

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

// What /proc/<tid> needs to be known of the calling thread; asking costs two system calls.
struct Self {
  pid_t tid;
  bool procIsOurs;  // the mounted /proc counts processes as we do
};

struct AttrPath {
  char text[64];
};

// The procfs that was found to number processes as we do. A process's PID namespace never changes, and another
// mounted procfs is another file system.
std::atomic<uint64_t> gProvenProc{0};

const pid_t gOwnProcess = getpid();

Self askSelf() noexcept {
  return {static_cast<pid_t>(syscall(SYS_gettid)), readsOurProc()};
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

// The same for a thread that need not be quick to answer. For the main thread /proc/self is right in every
// PID namespace, and needs no questions.
int openOwnAttr(Attr attr, int flags, AttrPath& path) noexcept {
  static thread_local const bool main = syscall(SYS_gettid) == ownProcess();
  if (main) {
    *putText(putText(path.text, "/proc/self/attr/apparmor/"), attrName(attr)) = '\0';
    const int fd = openRetrying(path.text, flags);
    if (fd >= 0 || errno != ENOENT) return fd;
  }
  return openAttr(attr, flags, path, askSelf());
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
    // What /proc gives in one piece ends with the piece.
    if (used < out.size()) break;
    out.resize(out.size() * 2);
  }
  out.resize(used);
  return out;
}

void trimEnd(std::string& text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.pop_back();
}

// A struct lsm_ctx and the value behind it; 0, or an errno, E2BIG with the size it takes in
// `needed`.
int getSelfAttr(Attr attr, char* buffer, size_t size, uint32_t* needed = nullptr) noexcept {
  if (gNoSelfAttr.load(std::memory_order_relaxed)) return ENOSYS;
  const LsmContext which{kLsmAppArmor, 0, 0, 0};
  if (size < sizeof which) return EINVAL;  // the kernel reads a whole one
  memcpy(buffer, &which, sizeof which);
  auto room = static_cast<uint32_t>(size);
  const long result = syscall(kGetSelfAttr, lsmAttr(attr), buffer, &room, kLsmSingle);
  if (needed != nullptr) *needed = room;
  if (result >= 0) return 0;
  if (errno == ENOSYS) gNoSelfAttr.store(true, std::memory_order_relaxed);
  return isUnsupported(errno) ? ENOSYS : errno;
}

Result<std::string> readBySyscall(Attr attr, const char* call) {
  std::string buffer(512, '\0');
  uint32_t needed = 0;
  int error = getSelfAttr(attr, buffer.data(), buffer.size(), &needed);
  while (error == E2BIG && needed > buffer.size()) {
    buffer.resize(needed);
    error = getSelfAttr(attr, buffer.data(), buffer.size(), &needed);
  }
  if (error != 0) return Failure{error, call};
  LsmContext context{};
  memcpy(&context, buffer.data(), sizeof context);
  return buffer.substr(sizeof context, context.ctx_len);
}

Result<std::string> readByProc(Attr attr, const char* call) {
  AttrPath path{};
  const UniqueFd fd(openOwnAttr(attr, O_RDONLY, path));
  if (!fd) return Failure{errno, call, path.text};
  return readAll(fd.get(), call);
}

Result<std::string> readEither(Attr attr, const char* call) {
  auto value = readBySyscall(attr, call);
  if (value || value.failure().error != ENOSYS) return value;
  return readByProc(attr, call);
}

int prove(Attr attr, int fd) noexcept {
  const std::string_view nameless = attr == Attr::exec ? "exec" : "changeprofile";
  const int error = writeWhole(fd, nameless.data(), nameless.size());
  return error == EINVAL ? 0 : error == 0 ? EPROTONOSUPPORT : error;
}

Result<Done> writeProven(Attr attr, const Command& command) {
  AttrPath path{};
  const UniqueFd fd(openOwnAttr(attr, O_WRONLY, path));
  if (!fd) return Failure{errno, command.call(), path.text};
  int error = prove(attr, fd.get());
  if (error == 0) error = writeTo(fd.get(), command);
  if (error != 0) return Failure{error, command.call()};
  return Done{};
}

}  // namespace

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

bool isUnsupported(int error) noexcept {
  return error == ENOSYS || error == EOPNOTSUPP || error == EPERM;
}

int writeBySyscall(Attr attr, const Command& command) noexcept {
  if (gNoSelfAttr.load(std::memory_order_relaxed) || !command.fitsSyscall()) return ENOSYS;
  if (syscall(kSetSelfAttr, lsmAttr(attr), command.context(), command.contextSize(), 0) == 0)
    return 0;
  if (errno == ENOSYS) gNoSelfAttr.store(true, std::memory_order_relaxed);
  return errno;
}

int writeTo(int fd, const Command& command) noexcept {
  return writeWhole(fd, command.text(), command.size());
}

int proveCurrent(int fd) noexcept {
  return prove(Attr::current, fd);
}

bool hasSyscalls() noexcept {
  // The kernel looks at a whole header, and says how much room the label takes.
  char header[sizeof(LsmContext)];
  return getSelfAttr(Attr::current, header, sizeof header) != ENOSYS;
}

Result<Done> writeAttr(Attr attr, const Command& command) {
  const int error = writeBySyscall(attr, command);
  if (error == 0) return Done{};
  if (!isUnsupported(error)) return Failure{error, command.call()};
  auto written = writeProven(attr, command);
  if (written || error != EPERM) return written;
  // Without a /proc to ask it stands.
  const Failure& failure = written.failure();
  const bool unasked = !failure.path.empty() || failure.error == EPROTONOSUPPORT;
  return unasked ? Failure{EPERM, command.call()} : written;
}

Result<UniqueFd> openForLater(Attr attr, const char* call) {
  AttrPath path{};
  UniqueFd fd(openOwnAttr(attr, O_WRONLY, path));
  if (!fd) return Failure{errno, call, path.text};
  const int error = prove(attr, fd.get());
  if (error != 0) return Failure{error, call};
  return fd;
}

int proveFile(Attr attr) noexcept {
  AttrPath path{};
  const Self self{static_cast<pid_t>(syscall(SYS_gettid)), true};
  const UniqueFd fd(openAttr(attr, O_WRONLY, path, self));
  return fd ? prove(attr, fd.get()) : errno;
}

bool legacyAttrIsAppArmor() noexcept {
  const int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char answer = 'N';
  const ssize_t n = read(fd, &answer, 1);
  close(fd);
  return n == 1 && answer == 'Y';
}

bool procIsProven() {
  static thread_local const auto tid = static_cast<pid_t>(syscall(SYS_gettid));
  char path[64];
  char* at = putDecimal(putText(path, "/proc/"), tid);
  *putText(at, "/attr/apparmor/current") = '\0';
  struct statfs status {};
  if (statfs(path, &status) != 0 || status.f_type != PROC_SUPER_MAGIC) return false;
  uint64_t id = 0;
  static_assert(sizeof status.f_fsid == sizeof id);
  memcpy(&id, &status.f_fsid, sizeof id);
  if (id != 0 && id == gProvenProc.load(std::memory_order_relaxed)) return true;
  if (!readsOurProc()) return false;
  gProvenProc.store(id, std::memory_order_relaxed);
  return true;
}

pid_t ownProcess() noexcept {
  return gOwnProcess;
}

bool readsOurProc() noexcept {
  char link[24];
  const ssize_t n = readlink("/proc/self", link, sizeof link);
  if (n <= 0) return true;  // no procfs at all: the open that follows says so
  char own[24];
  return putDecimal(own, ownProcess()) - own == n && memcmp(own, link, static_cast<size_t>(n)) == 0;
}

std::string_view readLabelBySyscall(char* buffer, size_t size) noexcept {
  if (getSelfAttr(Attr::current, buffer, size) != 0) return {};
  LsmContext context{};
  memcpy(&context, buffer, sizeof context);
  std::string_view label(buffer + sizeof context, context.ctx_len);
  while (!label.empty() && (label.back() == '\0' || label.back() == '\n')) label.remove_suffix(1);
  return label;
}

bool isKnownToBeSet(Attr attr) {
  return askWhetherSet(attr).isSet;
}

Known askWhetherSet(Attr attr) {
  const auto isSet = [](const Result<std::string>& value) { return value && !value->empty(); };
  const auto value = readBySyscall(attr, "");
  if (value || value.failure().error != ENOSYS) return {isSet(value), true};
  return {isSet(readByProc(attr, "")), false};
}

bool isSetBySyscall(Attr attr) noexcept {
  char buffer[512];
  const int error = getSelfAttr(attr, buffer, sizeof buffer);
  LsmContext context{};
  memcpy(&context, buffer, sizeof context);
  return error == E2BIG || (error == 0 && context.ctx_len > 0 && buffer[sizeof context] != '\0');
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
