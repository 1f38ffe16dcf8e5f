#include "core/direct/attr.h"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>

#include "test.h"

using apparmor::Command;
using apparmor::readFile;
using test::check;

namespace {

void commands() {
  auto command = Command::make("aa_change_profile", "changeprofile", "web");
  check(command && std::string_view(command->text(), command->size()) == "changeprofile web",
        "a command is the verb, a space and the name");
  check(strcmp(command->call(), "aa_change_profile") == 0, "it knows its call");

  uint64_t header[4];
  memcpy(header, command->context(), sizeof header);
  check(header[0] == 104 && header[1] == 0, "its context is for AppArmor, without flags");
  check(header[2] == sizeof header + command->size() && header[2] == command->contextSize() &&
            header[3] == command->size(),
        "and counts its bytes right");

  const std::string most(Command::kMax - strlen("exec "), 'n');
  auto full = Command::make("aa_change_onexec", "exec", most);
  check(full && full->size() == Command::kMax, "a command may fill a page");
  auto over = Command::make("aa_change_onexec", "exec", most + "n");
  check(!over && over.failure().error == ENAMETOOLONG, "one byte more is refused");
  check(strcmp(over.failure().call, "aa_change_onexec") == 0, "in the name of its call");

  auto hats = Command::make("aa_change_hat", "changehat", std::string_view("a\0b\0", 4));
  check(hats && hats->size() == strlen("changehat ") + 4, "a list of names keeps its NUL bytes");
}

void files() {
  char name[] = "/tmp/apparmor-test-XXXXXX";
  close(mkstemp(name));
  const auto holds = [&](const std::string& bytes) {
    std::ofstream(name, std::ios::binary) << bytes;
    auto text = readFile(name, "test");
    return text ? *text : "unreadable";
  };
  check(holds("web (enforce)\n") == "web (enforce)",
        "a file is read without the newline at its end");
  check(holds("").empty(), "an empty file is empty");
  check(holds(std::string("a\0b\n\0", 5)) == std::string("a\0b", 3), "NUL bytes inside are kept");
  bool all = true;
  for (const size_t size : {255U, 256U, 257U, 4096U, 100'000U}) {
    const std::string bytes(size, 'x');
    all = all && holds(bytes) == bytes;
  }
  check(all, "a file of any length is read whole");
  unlink(name);

  auto missing = readFile(name, "aa_getcon");
  check(!missing && missing.failure().error == ENOENT && missing.failure().path == name,
        "a missing file: errno and path");
  auto directory = readFile("/tmp", "aa_getcon");
  check(!directory && directory.failure().error == EISDIR && directory.failure().path.empty(),
        "what cannot be read once it is open: errno alone");
}

}  // namespace

void testAttr() {
  commands();
  files();
}
