#include "labels.h"

#include <dirent.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "../availability.h"
#include "../library.h"
#include "attr.h"

namespace apparmor {
namespace {

constexpr const char* kCall = "aa_gettaskcon";

Result<std::string> labelIn(const std::string& directory) {
  auto label = readFile((directory + "/attr/apparmor/current").c_str(), kCall);
  if (label || label.failure().error != ENOENT || !legacyAttrIsAppArmor()) return label;
  return readFile((directory + "/attr/current").c_str(), kCall);
}

bool gone(int error) {
  return error == ENOENT || error == ESRCH;
}

}  // namespace

Result<std::string> taskLabel(pid_t pid) {
  if (auto known = labelOfTask(pid)) return std::move(*known);
  // libapparmor does not tell which file could not be opened.
  return labelIn("/proc/" + std::to_string(pid));
}

Result<std::vector<ThreadLabel>> threadLabels(pid_t pid) {
  const std::string tasks = "/proc/" + (pid == 0 ? "self" : std::to_string(pid)) + "/task/";
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(tasks.c_str()), closedir);
  if (!directory) return Failure{errno, kCall, tasks};

  std::vector<ThreadLabel> threads;
  Failure last{ENOENT, kCall, tasks};
  errno = 0;
  while (const dirent* entry = readdir(directory.get())) {
    if (entry->d_name[0] == '.') continue;
    const std::string task = tasks + entry->d_name;
    auto label = labelIn(task);
    auto name = label ? readFile((task + "/comm").c_str(), kCall) : label;
    if (!name) {
      if (!gone(name.failure().error)) return name.failure();
      last = name.failure();
    } else {
      threads.push_back({atoi(entry->d_name), std::move(*name), std::move(*label)});
    }
    errno = 0;
  }
  if (errno != 0) return Failure{errno, kCall, tasks};
  if (threads.empty()) return last;
  return threads;
}

}  // namespace apparmor
