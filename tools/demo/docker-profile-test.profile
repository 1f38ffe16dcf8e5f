# A container's profile: what the engines give a container that asks for none, and on top of that
# one program that is audited (ls) and one that is denied (top).
#
# Allow everything, then take away what reaches the host through /proc, /sys, mounts and ptrace. A
# deny rule has no exceptions, so "all names but one" is written letter by letter.

abi <abi/3.0>,

include <tunables/global>

profile docker-profile-test flags=(attach_disconnected, mediate_deleted) {
  include <abstractions/base>

  audit /{usr/,}bin/ls ix,
  deny /{usr/,}bin/top rwmklx,

  file,
  network,
  deny network alg,
  capability,
  umount,

  # the engine and its runtimes may stop the container; inside, everybody may signal everybody
  signal receive peer={unconfined,runc,crun},
  signal (send, receive) peer=@{profile_name},
  ptrace peer=@{profile_name},

  # /proc: the directories of processes and the limits of shared memory may be written, else nothing
  deny @{PROC}/[^1-9]* wkl,
  deny @{PROC}/[^1-9s]*/** wkl,
  deny @{PROC}/s[^y]*/** wkl,
  deny @{PROC}/sy[^s]*/** wkl,
  deny @{PROC}/sys[^/]*/** wkl,
  deny @{PROC}/sys/[^k]** wkl,
  deny @{PROC}/sys/kernel/[^s]** wkl,
  deny @{PROC}/sys/kernel/s[^h]** wkl,
  deny @{PROC}/sys/kernel/sh[^m]** wkl,
  deny @{PROC}/{kcore,sysrq-trigger} rwmklx,

  # /sys: control groups may be written, else nothing; what names the hardware may not even be read
  deny /sys/[^f]** wkl,
  deny /sys/f[^s]** wkl,
  deny /sys/fs/[^c]** wkl,
  deny /sys/fs/c[^g]** wkl,
  deny /sys/firmware/** rwmklx,
  deny /sys/devices/virtual/powercap/** rwmklx,
  deny /sys/kernel/security/** rwmklx,

  deny mount,
}
