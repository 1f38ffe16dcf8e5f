# For the tests of apparmor/child_process.

abi <abi/3.0>,

include <tunables/global>

# Allows everything but what is called "denied".
profile apparmor-test-child {
  file,
  network,
  unix,
  capability,
  signal,
  ptrace,
  deny /**/denied rw,
}

# The least for a Node program without packages, as docs/children.md explains it: it may talk to its
# parent, read its own modules below a directory "app", and nothing else.
profile apparmor-test-node {
  include <abstractions/base>

  # Node itself, and what it reads of the machine when it starts
  /{usr,usr/local,opt/*}/bin/node{,js} mr,
  @{PROC}/@{pid}/{cgroup,maps,stat,task/*/stat} r,
  @{PROC}/{meminfo,version_signature} r,
  @{PROC}/sys/vm/overcommit_memory r,
  /sys/devices/system/cpu/** r,
  /sys/fs/cgroup/** r,
  /etc/ssl/openssl.cnf r,

  # its standard streams and the IPC channel are sockets, which its parent holds
  unix,
  network unix stream,
  signal (receive) peer=unconfined,

  # its own program; Node also looks for package.json and real paths upwards
  /**/ r,
  /**/package.json r,
  /**/app/** r,
}

# Confined parents: by these, programs start children under the first profile.
profile apparmor-test-starter {
  file,
  network,
  unix,
  capability,
  signal,
  ptrace,
  change_profile -> apparmor-test-child,
  change_profile -> &apparmor-test-child,
}

# The same, and the environment is handed on as it is.
profile apparmor-test-unsafe-starter {
  file,
  network,
  unix,
  capability,
  signal,
  ptrace,
  change_profile unsafe /** -> apparmor-test-child,
}

# The same without a rule for it.
profile apparmor-test-powerless-starter {
  file,
  network,
  unix,
  capability,
  signal,
  ptrace,
}
