# Everything but /etc/shadow: what the example shows is the threads, not the rules.
abi <abi/3.0>,

profile leak {
  file,
  network,
  unix,
  signal,
  deny /etc/shadow r,
}
