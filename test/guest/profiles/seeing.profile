# For the tests of profiles, processes, queries and peers.

abi <abi/3.0>,

include <tunables/global>

# The facts of a query: each path has rules of its own.
profile apparmor-test-query {
  /srv/query/read r,
  /srv/query/write w,
  /srv/query/all rwkm,
  /srv/query/deny r,
  deny /srv/query/deny r,
  audit /srv/query/audit r,
  /srv/query/links/** rw,
  /srv/query/links/new l,
  link /srv/query/links/pair -> /srv/query/links/target,

  hat inner {
    /srv/query/write r,
  }
}

profile apparmor-test-query-second {
  /srv/query/all r,
}

# Attached to a program by a pattern.
/{usr/,}bin/apparmor-test-sleep* {
  file,
  unix,
  signal,
}
