# For the tests of hats.

abi <abi/3.0>,

include <tunables/global>

# Each part denies a file of its own name. The hats let themselves be left.
profile apparmor-test-hat {
  file,
  network,
  unix,
  capability,
  signal,
  ptrace,
  deny /**/parent rw,
  change_profile -> apparmor-test-hatless,

  ^one {
    file,
    network,
    unix,
    signal,
    deny /**/one rw,
  }

  # may go on to another profile, which a hat's end would undo
  ^three {
    file,
    network,
    unix,
    signal,
    change_profile -> apparmor-test-hatless,
  }

  ^two {
    file,
    network,
    unix,
    signal,
    deny /**/two rw,
  }
}

profile apparmor-test-hatless {
  file,
  network,
  unix,
  signal,
}
