# For bench/stress.js, which goes from one to the other and back: each denies one file.

abi <abi/3.0>,

include <tunables/global>

profile apparmor-test-stress-a {
  file,
  network,
  unix,
  capability setuid,
  signal (send, receive) peer=@{profile_name},
  change_profile -> apparmor-test-stress-b,
  deny /**/denied-by-a r,
}

profile apparmor-test-stress-b {
  file,
  network,
  unix,
  capability setuid,
  signal (send, receive) peer=@{profile_name},
  change_profile -> apparmor-test-stress-a,
  deny /**/denied-by-b r,
}
