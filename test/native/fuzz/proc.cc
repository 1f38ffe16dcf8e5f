// The texts of /proc/PID/status and /proc/PID/task/TID/stat, in which a command may hold anything.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/proc_status.h"
#include "core/direct/task_list.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (apparmor::statusCommand(text).size() > size) abort();
  const auto word = apparmor::statusField(text, "\nPPid:\t");
  if (word.find_first_of("\t \n") != std::string_view::npos) abort();
  const auto kind = apparmor::TaskList::kindOf(text.c_str());
  if (kind == apparmor::TaskList::Kind::gone) abort();  // that is not in the text
  return 0;
}
