// Labels: every label includes itself, alone and as a part of a stack in front of others.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/direct/threads.h"

// A request may have white space and "&" around its names, which say nothing there. A label has neither.
static bool isLabel(std::string text) {
  for (size_t at; (at = text.find("//&")) != std::string::npos;) text.erase(at, 3);
  return text.find_first_of("& \t\v\f\r\xa0") == std::string::npos;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const size_t middle = text.find('\n');
  const std::string label = text.substr(0, middle);
  if (isLabel(label) && !apparmor::labelIncludes(label, label)) abort();
  if (middle == std::string::npos) return 0;
  const std::string other = text.substr(middle + 1);
  // A part without a namespace is in that of the part before it, so it is only the first that keeps its own.
  if (!label.empty() && isLabel(label) && !apparmor::labelIncludes(label + "//&" + other, label)) abort();
  apparmor::labelIncludes(label, other);
  return 0;
}
