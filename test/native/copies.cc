#include "core/copies.h"

#include "test.h"

using apparmor::firstCopy;
using apparmor::Shared;
using test::check;

extern "C" {
[[gnu::used]] int apparmor_test_copy_a = 1;
[[gnu::used]] int apparmor_test_copy_b = 2;
}
APPARMOR_SHARE(900, apparmor_test_copy_a);
APPARMOR_SHARE(901, apparmor_test_copy_b);

void testCopies() {
  check(firstCopy(Shared{900}) == &apparmor_test_copy_a, "what a copy shares is found by its kind");
  check(firstCopy(Shared{901}) == &apparmor_test_copy_b, "each kind by itself");
  check(firstCopy(Shared{902}) == nullptr, "and nothing where no copy has it");
}
