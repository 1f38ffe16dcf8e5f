# For test/upstream.kernel.ts: what AppArmor's own regression tests assert of the kernel.

abi <abi/3.0>,

include <tunables/global>

# Denies "denied". May change to what the tests ask for, and to nothing else.
profile apparmor-test-upstream {
  file,
  network,
  unix,
  capability,
  signal,
  ptrace,
  deny /**/denied rw,
  change_profile -> apparmor-test-upstream-other,
  change_profile -> &apparmor-test-upstream-other,
  change_profile -> :apparmor-test-upstream-ns:inner,
  change_profile -> &:apparmor-test-upstream-ns:*,

  profile part {
    file,
    network,
    unix,
    signal,
    deny /**/{denied,allowed} rw,
  }
}

# Denies "other".
profile apparmor-test-upstream-other {
  file,
  network,
  unix,
  capability,
  signal,
  deny /**/other rw,
}

profile :apparmor-test-upstream-ns:inner {
  file,
  network,
  unix,
  capability,
  signal,
  deny /**/denied rw,
}

profile apparmor-test-upstream-complain flags=(complain) {
  file,
}

# Is entered by executing the program.
profile apparmor-test-upstream-attached /**/apparmor-test-attached {
  file,
  network,
  unix,
}

# How a program may be executed: each way leaves AT_SECURE, or not.
profile apparmor-test-upstream-exec {
  network,
  unix,
  capability,
  signal,
  /** rmw,
  /tmp/**/inherits ix,
  /tmp/**/secure-to-profile Px -> apparmor-test-upstream-other,
  /tmp/**/plain-to-profile px -> apparmor-test-upstream-other,
  /tmp/**/secure-unconfined Ux,
  /tmp/**/plain-unconfined ux,
  change_profile /**/onexec -> apparmor-test-upstream-other,
  change_profile unsafe /**/unsafe-onexec -> apparmor-test-upstream-other,
}
