# For examples/container/container.js: what runs in the container. Paths are those of the container's root.
abi <abi/3.0>,

profile example-container flags=(attach_disconnected) {
  /usr/** mrix,
  /proc/** r,
  /dev/{null,zero,full,random,urandom,tty} rw,
  /tmp/** rw,
  /{,**/} r,
  # Node's pipes are socket pairs.
  unix (send, receive, getattr) type=stream,
  signal receive peer=unconfined,
  signal (send, receive) peer=@{profile_name},

  deny /proc/sys/** w,
  deny /usr/bin/top x,
}
