#include "core/direct/rings.h"

#include "test.h"

using apparmor::ringOf;
using apparmor::Rings;
using test::check;

void testRings() {
  check(ringOf("pos:\t0\nSqThread:\t-1\nSqThreadCpu:\t-1\n") == Rings::plain,
        "a ring without a poller says so");
  check(ringOf("pos:\t0\nSqThread:\t17\nSqThreadCpu:\t0\n") == Rings::polled,
        "one with a poller names it");
  check(ringOf("pos:\t0\n") == Rings::unknown && ringOf("SqThread:\t-1\n") == Rings::unknown,
        "what does not say it is not known");
}
