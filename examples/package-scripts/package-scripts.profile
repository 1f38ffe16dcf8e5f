# A build may read the system and write its results. It has no network and none of your secrets.
abi <abi/3.0>,

include <tunables/global>

profile package-scripts {
  include <abstractions/base>

  /** r,
  /{usr/,}{bin,lib,local/bin,local/lib}/** mrix,
  owner /tmp/package-scripts/{,**} rw,
  owner /**/{,.}npm/** rw,
  /dev/{tty,null} rw,
  unix,
  signal,

  deny /**/.ssh/{,**} rwklx,
  deny /**/.npmrc rwklx,
  deny /etc/shadow rwklx,
}
