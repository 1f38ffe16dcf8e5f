// Waits for changes of a policy.
//
// Not by libapparmor: it has no function that waits for a change.
//
// Kernel contract: a namespace's revision file becomes readable when its policy has changed since the
// last read, and then tells the newest number; changes in between are not told one by one. A namespace
// knows its own policy only, not that of the namespaces in it.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "../result.h"
#include "../unique_fd.h"

namespace apparmor {

class RevisionWatch {
 public:
  // Opens the file of a namespace ("" for the caller's own), so that a refusal is known at once.
  static Result<std::unique_ptr<RevisionWatch>> open(const std::string& policyNamespace);

  // Runs on a thread of its own. The revision at the first call, then the next newer one; nothing when
  // it was stopped, or an errno when the namespace is gone: then its descriptors are closed.
  Result<std::optional<std::string>> next();

  // From any thread.
  void stop();

 private:
  RevisionWatch(UniqueFd revision, UniqueFd stop)
      : revision_(std::move(revision)), stop_(std::move(stop)) {}
  Result<std::optional<std::string>> wait();
  void close();

  std::mutex mutex_;  // stop() may come when the descriptors are being closed
  UniqueFd revision_;
  UniqueFd stop_;
  bool first_ = true;
};

}  // namespace apparmor
