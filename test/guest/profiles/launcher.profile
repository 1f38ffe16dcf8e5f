# For test/launcher.kernel.ts. The prefix keeps the names apart from a system's own profiles.

# Confines a target: everything may be read and executed but what is called "denied".
profile apparmor-test-target {
  network,
  unix,
  /dev/null w,
  /** rmix,
  deny /**/denied r,
}

# The same, and it may not load the library of the LD_PRELOAD test.
profile apparmor-test-no-preload {
  network,
  unix,
  /** rmix,
  deny /**/preload.so rm,
}

# A confined parent, with the least that it needs. The socket rules are for its standard output.
profile apparmor-test-parent {
  network,
  unix,
  /**/apparmor-launcher ix,
  change_profile -> apparmor-test-target,
}

# The same without a change_profile rule.
profile apparmor-test-powerless-parent {
  network,
  unix,
  /**/apparmor-launcher ix,
}
