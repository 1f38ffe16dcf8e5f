# For the tests of the transitions and labels. Each allows everything but what it is about.

abi <abi/3.0>,

include <tunables/global>

# Confines: what is called "denied" may not be read.
profile apparmor-test-web {
  file,
  network,
  unix,
  capability,
  signal,
  ptrace,
  deny /**/denied rw,

  profile worker {
    file,
    network,
    unix,
    capability,
    signal,
    deny /**/denied rw,
  }
}

# The same about "allowed", so that a stack of the two denies both.
profile apparmor-test-other {
  file,
  network,
  unix,
  capability,
  signal,
  deny /**/allowed rw,
}

# May change to the first, and stack it, and nothing else.
profile apparmor-test-changer {
  file,
  network,
  unix,
  capability,
  signal,
  ptrace,
  change_profile -> apparmor-test-web,
  change_profile -> &apparmor-test-web,
}

# May not read its own label through /proc.
profile apparmor-test-blind {
  file,
  network,
  unix,
  signal,
  deny @{PROC}/** rw,
}

profile apparmor-test-complain flags=(complain) {
  network,
  deny /**/denied rw,
}

profile apparmor-test-kill flags=(kill) {
  file,
  network,
  unix,
  capability,
  signal,
}

profile apparmor-test-unconfined flags=(unconfined) {
}

# In a policy namespace, which exists from loading it on.
profile :apparmor-test-ns:inner {
  file,
  network,
  unix,
  capability,
  signal,
  deny /**/denied rw,
}
