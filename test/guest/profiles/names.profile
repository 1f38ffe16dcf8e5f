# For test/border/name.kernel.ts: what the names there may ask for.

profile apparmor-test-name {
  file,
  network,
  unix,
}

profile :apparmor-test-name-ns:apparmor-test-name {
  file,
  network,
  unix,
}
