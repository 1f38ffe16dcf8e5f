abi <abi/3.0>,

profile web {
  /srv/web/** r,
  /var/log/web/* w,
  deny /srv/web/private/** rw,
  network inet stream,
}
