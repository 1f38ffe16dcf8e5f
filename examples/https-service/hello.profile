# What service.js needs after its start. There is no rule for the key, the privileged port or changing users.
abi <abi/3.0>,

include <tunables/global>

profile hello {
  include <abstractions/base>

  network inet stream,
  network inet6 stream,
  /srv/hello/** r,

  # libc's setuid() and a later changeProfile() reach the other threads by signals
  signal (send, receive) peer=@{profile_name},

  # before Linux 6.8 a thread needs this to read its own label, and so to know the profile's mode
  @{PROC}/@{pid}/{,task/*/}attr/{,apparmor/}current r,
}
