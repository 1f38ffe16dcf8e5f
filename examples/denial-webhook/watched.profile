abi <abi/3.0>,

profile watched {
  file,
  deny /etc/gshadow w,
  audit deny /etc/shadow r,
}
