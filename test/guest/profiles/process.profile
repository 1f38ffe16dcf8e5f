# For the tests of the process-wide change and of executing oneself again.

abi <abi/3.0>,

include <tunables/global>

# Confines: what is called "denied" may not be read, nor may the hosts file. May change to its kin.
profile apparmor-test-process {
  file,
  network,
  unix,
  capability,
  signal,
  ptrace,
  deny /**/denied rw,
  deny /etc/hosts r,
  change_profile -> apparmor-test-process{,-next,-mute},
}

# The same about "next" as well.
profile apparmor-test-process-next {
  file,
  network,
  unix,
  capability,
  signal,
  ptrace,
  deny /**/{denied,next} rw,
  change_profile -> apparmor-test-process{,-next},
}

# Its threads may not signal each other.
profile apparmor-test-process-mute {
  file,
  network,
  unix,
  capability,
  ptrace,
  deny /**/denied rw,
  change_profile -> apparmor-test-process,
}

# Denies nothing, but may change to no profile. May stack one.
profile apparmor-test-process-stay {
  file,
  network,
  unix,
  capability,
  signal,
  ptrace,
  change_profile -> &apparmor-test-process,
}

# Denies nothing, may change to the one that confines, and stack it.
profile apparmor-test-process-start {
  file,
  network,
  unix,
  capability,
  signal,
  ptrace,
  change_profile -> apparmor-test-process,
  change_profile -> &apparmor-test-process,
}

# Two that may change to each other, to themselves, and to any stack of the two.
profile apparmor-test-process-free {
  file,
  network,
  unix,
  capability,
  signal,
  ptrace,
  deny /**/denied rw,
  change_profile -> apparmor-test-process-free{,-too},
  change_profile -> &apparmor-test-process-free{,-too},
}

profile apparmor-test-process-free-too {
  file,
  network,
  unix,
  capability,
  signal,
  ptrace,
  deny /**/denied rw,
  change_profile -> apparmor-test-process-free{,-too},
  change_profile -> &apparmor-test-process-free{,-too},
}
