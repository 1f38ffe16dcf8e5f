// A request to the kernel is whole, or refused: never cut.
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/direct/attr.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string name(reinterpret_cast<const char*>(data), size);
  const auto command = apparmor::Command::make("aa_change_profile", "changeprofile", name);
  if (!command) return command.failure().error == ENAMETOOLONG ? 0 : (abort(), 0);
  if (std::string(command->text(), command->size()) != "changeprofile " + name) abort();
  if (command->size() > apparmor::Command::kMax) abort();
  if (static_cast<const char*>(command->context()) + command->contextSize() !=
      command->text() + command->size()) {
    abort();
  }
  return 0;
}
