# For bench/torture.js: profiles that may become each other, with a hat, and a child's.

abi <abi/3.0>,

include <tunables/global>

profile apparmor-test-torture-a {
  file,
  network,
  unix,
  capability,
  mount,
  umount,
  signal,
  ptrace,
  change_profile -> apparmor-test-torture-*,
  change_profile -> &apparmor-test-torture-*,

  ^hat {
    file,
    network,
    unix,
    signal,
  }
}

profile apparmor-test-torture-b {
  file,
  network,
  unix,
  capability,
  mount,
  umount,
  signal,
  ptrace,
  change_profile -> apparmor-test-torture-*,
  change_profile -> &apparmor-test-torture-*,

  ^hat {
    file,
    network,
    unix,
    signal,
  }
}

profile apparmor-test-torture-child {
  file,
  network,
  unix,
  signal,
}
