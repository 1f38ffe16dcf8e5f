# What service.js needs after its start; see docs/threads.md.
abi <abi/3.0>,

include <tunables/global>

profile hello {
  include <abstractions/base>

  network inet stream,
  network inet6 stream,
  /srv/hello/** r,

  # libc's setuid() and a later changeProfile() reach the other threads by signals
  signal (send, receive) peer=@{profile_name},
}
