abi <abi/3.0>,

profile backup {
  file,
  unix,
  network,
  capability,
  signal,
}

profile visitor {
  file,
  unix,
  network,
  capability,
  signal,
}
