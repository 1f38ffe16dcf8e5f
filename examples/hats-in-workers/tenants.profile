abi <abi/3.0>,

include <tunables/global>

profile tenants {
  file,
  network,
  unix,
  signal,

  ^red {
    include <abstractions/base>
    @{PROC}/@{pid}/{,task/*/}attr/{,apparmor/}current rw,
    /srv/tenants/red r,
  }

  ^blue {
    include <abstractions/base>
    @{PROC}/@{pid}/{,task/*/}attr/{,apparmor/}current rw,
    /srv/tenants/blue r,
  }
}
