#include "core/direct/labels.h"

#include "core/direct/threads.h"
#include "test.h"

using apparmor::labelIncludes;
using test::check;

void testLabels() {
  check(labelIncludes("web", "web"), "a label includes itself");
  check(labelIncludes("a//&web", "web") && labelIncludes("web//&b", "web"),
        "a stack includes its parts");
  check(labelIncludes("a//&:ns://web", ":ns:web"), "a namespace may be written in two ways");
  check(labelIncludes("own//&:ns:a//&web", ":ns:web") &&
            labelIncludes(":ns:a//&b", ":ns://b//&:ns:a") &&
            !labelIncludes("own//&:ns:a//&web", "web"),
        "a namespace goes for the parts behind it");
  check(!labelIncludes("website", "web") && !labelIncludes("web//hat", "web") &&
            !labelIncludes("web", "website"),
        "a part of a name is not included");
  check(labelIncludes("a//&b//&c", "c//&a") && !labelIncludes("a//&b", "b//&c"),
        "a stack is a set: all of its parts have to be there, in any order");

  check(labelIncludes("a//&b", " b ") && labelIncludes("a//&b", "&b") &&
            labelIncludes("a//&b", "& &b\t") && labelIncludes("a//&b", "b\xa0//& a"),
        "white space and the sign of a stack around a name say nothing");
  check(labelIncludes("a//&:ns://b", ": ns :// b") && !labelIncludes("a//&b", "a b") &&
            !labelIncludes("a//&b", "&&&b"),
        "inside of it they do");

  auto none = apparmor::taskLabel(0x7fffffff);
  check(!none && none.failure().error != 0, "no such process, no label");
  check(!apparmor::threadLabels(0x7fffffff), "and no threads");
}
