#include "revision.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "policy.h"

namespace apparmor {
namespace {

constexpr const char* kCall = "open";

}  // namespace

Result<std::unique_ptr<RevisionWatch>> RevisionWatch::open(const std::string& policyNamespace) {
  const auto path = revisionFile(policyNamespace);
  if (!path) return path.failure();
  UniqueFd revision(::open(path->c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!revision) return Failure{errno, kCall, *path};
  UniqueFd stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop) return Failure{errno, kCall};
  return std::unique_ptr<RevisionWatch>(new RevisionWatch(std::move(revision), std::move(stop)));
}

Result<std::optional<std::string>> RevisionWatch::next() {
  auto revision = wait();
  if (!revision || !*revision) close();
  return revision;
}

Result<std::optional<std::string>> RevisionWatch::wait() {
  const bool first = std::exchange(first_, false);
  pollfd files[] = {{revision_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
  while (true) {
    if (poll(files, 2, first ? 0 : -1) < 0 && errno != EINTR) return Failure{errno, kCall};
    if (files[1].revents != 0) return std::optional<std::string>();
    char text[32];
    const ssize_t n = read(revision_.get(), text, sizeof text);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return Failure{errno, kCall};
    if (n > 0) return std::optional<std::string>(std::string(text, static_cast<size_t>(n)));
    if (first) return std::optional<std::string>("0");  // no policy was ever loaded
  }
}

void RevisionWatch::close() {
  const std::lock_guard lock(mutex_);
  revision_ = UniqueFd();
  stop_ = UniqueFd();
}

void RevisionWatch::stop() {
  const std::lock_guard lock(mutex_);
  if (!stop_) return;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(stop_.get(), &one, sizeof one);
}

}  // namespace apparmor
