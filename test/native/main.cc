// The tests of src/core that need neither Node nor AppArmor.
#include "test.h"

int main() {
  testText();
  testAttr();
  testLabels();
  testTaskList();
  testRings();
  testBroadcast();
  testReport();
  testCopies();
  printf("1..%d\n", test::checks);
  return test::failures == 0 ? 0 : 1;
}
