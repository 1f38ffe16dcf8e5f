#!/usr/bin/perl
# PID 1 of a guest. Its root file system is the host's, read-only; this program lays a writable
# overlay over it, mounts what a command expects, runs the command and reports how it ended.
#
# Perl, because every Debian has it and one process can do everything: a fork and exec costs tens
# of milliseconds in a user-mode kernel.
#
# Three consoles lead to the runner on the host, ttys of a user-mode kernel or virtio ports of QEMU:
#   1, 2  the command's stdout and stderr
#   3     control. This side writes lines: "ready", "audit RECORD", "exit STATUS", "fail WHY".
#         The host answers "ready" with blocks (a 32-bit length, then the bytes): first the
#         settings, then the command's standard input; an empty block ends that.
use strict;
use warnings;
use POSIX ();

# x86-64 system calls that Perl has no function for
my %SYSCALL = (
  pivot_root   => 155,
  sync         => 162,
  mount        => 165,
  umount       => 166,
  reboot       => 169,
  sethostname  => 170,
  finit_module => 313,
  pidfd_open   => 434,
);
my ($MS_NOSUID, $MS_NODEV, $MS_MOVE, $MNT_DETACH) = (2, 4, 8192, 2);
my @REBOOT_POWER_OFF = (0xfee1dead, 672274793, 0x4321fedc, 0);
my ($AF_INET, $SOCK_DGRAM, $SIOCSIFFLAGS, $IFF_UP_RUNNING) = (2, 2, 0x8914, 0x41);
my $PIPE_SIZE_MAX = 1 << 20;

my ($control, $stdout, $stderr);

sub power_off {
  system_call('sync');
  system_call('reboot', @REBOOT_POWER_OFF);
  POSIX::pause();
}

# Reports a guest that cannot do its work. Kernel messages go to the console log.
sub fail {
  my $why = "@_ ($!)";
  if ($control) {
    print $control "fail $why\n";
    POSIX::tcdrain(fileno $control);
  } elsif (open my $kmsg, '>', '/dev/kmsg') {
    print $kmsg "<2>guest: $why\n";
  }
  power_off();
}

# Strings go to the kernel by address, so the arguments must be plain copies.
sub system_call {
  my ($name, @arguments) = @_;
  return syscall $SYSCALL{$name}, @arguments;
}

sub mount {
  my ($source, $target, $type, $flags, $data) = @_;
  return system_call('mount', "$source", "$target", "$type", $flags // 0, $data // '') == 0;
}

sub must_mount {
  mount(@_) or fail("cannot mount $_[2] on $_[1]");
}

sub write_file {
  my ($path, $text) = @_;
  open my $file, '>', $path or return;
  print $file $text;
  close $file;
}

sub make_directories {
  my ($path) = @_;
  my $parent = '';
  for my $name (grep { length } split m{/}, $path) {
    $parent .= "/$name";
    mkdir $parent, 0755;
  }
}

sub open_console {
  my ($number) = @_;
  my ($device) = grep { -e } "/dev/vport0p$number", "/dev/tty$number";
  sysopen my $console, $device, POSIX::O_RDWR | POSIX::O_NOCTTY
    or fail("cannot open console $number");
  my $raw = POSIX::Termios->new;
  $raw->getattr(fileno $console);
  $raw->setiflag(0);
  $raw->setoflag(0);
  $raw->setlflag(0);
  $raw->setcc(POSIX::VMIN, 1);
  $raw->setattr(fileno $console, POSIX::TCSANOW);
  select((select($console), $| = 1)[0]); # print does not buffer
  return $console;
}

sub read_exactly {
  my ($from, $size) = @_;
  my $bytes = '';
  while (length $bytes < $size) {
    my $got = sysread $from, $bytes, $size - length $bytes, length $bytes;
    next if !defined $got && $! == POSIX::EINTR;
    power_off() if !$got; # the runner is gone
  }
  return $bytes;
}

sub read_block {
  return read_exactly($control, unpack 'N', read_exactly($control, 4));
}

# Settings are NUL-separated names and values; a name may come several times.
sub read_settings {
  my %settings = map { $_ => [] } qw(arg env share cwd modules audit stdin);
  my @fields = split /\0/, read_block(), -1;
  while (@fields > 1) {
    my ($name, $value) = splice @fields, 0, 2;
    push @{ $settings{$name} }, $value;
  }
  return %settings;
}

# The kernel has overlayfs built in, or as a module; a stock kernel has loaded it by now.
sub load_overlayfs {
  my ($modules, $release) = @_;
  return if !$modules;
  open my $module, '<', "$modules/$release/kernel/fs/overlayfs/overlay.ko" or return;
  my $parameters = '';
  system_call('finit_module', fileno $module, $parameters, 0) == 0
    or fail('cannot load overlayfs');
}

sub enter_overlay {
  my ($base) = grep { -d } qw(/mnt /media /srv /opt) or fail('no directory to mount on');
  must_mount('tmpfs', $base, 'tmpfs', 0, 'mode=0755');
  mkdir "$base/$_", 0755 for qw(upper work root);
  my $root = "$base/root";
  must_mount('overlay', $root, 'overlay', 0, "lowerdir=/,upperdir=$base/upper,workdir=$base/work");
  must_mount('/dev', "$root/dev", '', $MS_MOVE);
  mkdir "$root/.old", 0700;
  chdir $root;
  my ($new, $old) = ('.', '.old');
  system_call('pivot_root', $new, $old) == 0 or fail('cannot change the root file system');
  chdir '/';
  system_call('umount', $old, $MNT_DETACH);
  rmdir $old;
}

sub mount_system_directories {
  must_mount('proc', '/proc', 'proc');
  must_mount('sysfs', '/sys', 'sysfs');
  mount('securityfs', '/sys/kernel/security', 'securityfs');
  mount('cgroup2', '/sys/fs/cgroup', 'cgroup2');
  must_mount('tmpfs', '/run', 'tmpfs', $MS_NOSUID | $MS_NODEV, 'mode=0755');
  mkdir '/run/lock';
  chmod 01777, '/run/lock';
  mkdir "/dev/$_", 0755 for qw(pts shm mqueue);
  mount('devpts', '/dev/pts', 'devpts', 0, 'mode=0620,ptmxmode=0666');
  mount('tmpfs', '/dev/shm', 'tmpfs', $MS_NOSUID | $MS_NODEV, 'mode=1777');
  symlink '/proc/self/fd', '/dev/fd';
  symlink '/proc/self/fd/0', '/dev/stdin';
  symlink '/proc/self/fd/1', '/dev/stdout';
  symlink '/proc/self/fd/2', '/dev/stderr';
}

# A directory whose writes reach the host.
sub mount_share {
  my ($directory, $number) = @_;
  make_directories($directory);
  if (-e '/dev/vport0p3') {
    my $options = 'trans=virtio,version=9p2000.L,msize=512000,cache=mmap';
    must_mount("share$number", $directory, '9p', 0, $options);
  } else {
    must_mount('none', $directory, 'hostfs', 0, $directory);
  }
}

sub set_up_kernel {
  my $host = 'guest';
  system_call('sethostname', $host, length $host);
  # else the kernel keeps ten audit records in five seconds and drops the others
  write_file('/proc/sys/kernel/printk_ratelimit', '0');
  # user-mode Linux 6.12 and 7.2 panic when a process that uses io_uring forks
  my $io_uring = '/proc/sys/kernel/io_uring_disabled';
  write_file($io_uring, '2') if -e $io_uring;
  if (socket my $socket, $AF_INET, $SOCK_DGRAM, 0) {
    my $request = pack 'a16 s x22', 'lo', $IFF_UP_RUNNING;
    ioctl $socket, $SIOCSIFFLAGS, $request;
  }
}

# Runs in the child: becomes the command.
sub become {
  my ($settings, $in, $out, $err) = @_;
  my @command = @{ $settings->{arg} };
  POSIX::setsid();
  POSIX::dup2(fileno $in, 0);
  POSIX::dup2(fileno $out, 1);
  POSIX::dup2(fileno $err, 2);
  %ENV = map { /^([^=]+)=(.*)$/s ? ($1, $2) : () } @{ $settings->{env} };
  no warnings 'exec';
  exec { $command[0] } @command;
  my $status = $! == POSIX::ENOENT ? 127 : 126;
  syswrite STDERR, "guest: $command[0]: $!\n";
  POSIX::_exit($status);
}

sub write_all {
  my ($to, $bytes) = @_;
  for (my $done = 0; $done < length $bytes;) {
    my $count = syswrite $to, $bytes, length($bytes) - $done, $done;
    if (defined $count) { $done += $count }
    elsif ($! != POSIX::EINTR) { return }
  }
}

# Hands the kernel's new AppArmor records to the host: one record a read.
sub relay_audit {
  my ($kmsg) = @_;
  while (1) {
    my $count = sysread $kmsg, my $record, 8192;
    next if !defined $count && $! == POSIX::EPIPE; # older records were overwritten
    return if !$count;
    print $control "audit $1\n" if $record =~ /^[^;]*;(.*apparmor=.*)/;
  }
}

sub set_nonblocking {
  my ($handle) = @_;
  fcntl $handle, POSIX::F_SETFL, POSIX::O_NONBLOCK;
}

# Starts the command; returns its process, and the other ends of its streams.
sub start {
  my ($settings) = @_;
  my ($in_read, $in_write);
  if (@{ $settings->{stdin} }) { pipe $in_read, $in_write }
  else { open $in_read, '<', '/dev/null' }
  pipe my $out_read, my $out_write;
  pipe my $err_read, my $err_write;
  my $pid = fork // fail('cannot fork');
  become($settings, $in_read, $out_write, $err_write) if !$pid;
  set_nonblocking($in_write) if $in_write;
  return $pid, $in_write, $out_read, $err_read;
}

# Runs the command, carries its streams, and returns its wait status.
sub run {
  my ($settings) = @_;
  my ($pid, $in, $out, $err) = start($settings);
  my $pidfd = system_call('pidfd_open', $pid, 0);
  $pidfd >= 0 or fail('cannot watch the command');
  $SIG{PIPE} = 'IGNORE';
  $SIG{CHLD} = sub { }; # an orphan's end interrupts the wait below, so that it is reaped

  my $kmsg;
  if (@{ $settings->{audit} }) {
    open $kmsg, '<', '/dev/kmsg' or fail('cannot open /dev/kmsg');
    set_nonblocking($kmsg);
  }
  my %route = (fileno $out => [$out, $stdout], fileno $err => [$err, $stderr]);
  my $input = ''; # read from the control line, not yet written to the command
  my $status;
  while (!defined $status) {
    my ($readable, $writable) = ('', '');
    vec($readable, $_, 1) = 1 for keys %route, $pidfd;
    vec($readable, fileno $kmsg, 1) = 1 if $kmsg;
    vec($readable, fileno $control, 1) = 1 if !length $input;
    vec($writable, fileno $in, 1) = 1 if length $input;
    if (select($readable, $writable, undef, undef) > 0) {
      for my $fd (grep { vec $readable, $_, 1 } keys %route) {
        my ($from, $to) = @{ $route{$fd} };
        if (sysread $from, my $bytes, 65536) { write_all($to, $bytes) }
        else { delete $route{$fd} }
      }
      relay_audit($kmsg) if $kmsg && vec $readable, fileno $kmsg, 1;
      if (length $input) {
        my $count = syswrite $in, $input;
        if ($count) { substr $input, 0, $count, '' }
        elsif ($! == POSIX::EPIPE) { $input = ''; undef $in }
      } elsif (vec $readable, fileno $control, 1) {
        $input = read_block();
        if (!length $input) { undef $in }
        elsif (!$in) { $input = '' } # the command has closed its end
      }
    }
    while ((my $ended = waitpid -1, POSIX::WNOHANG) > 0) {
      $status = $? if $ended == $pid;
    }
  }
  # What the pipes hold now is the command's. A process it left behind may hold them open for ever,
  # and is not waited for.
  for (values %route) {
    my ($from, $to) = @$_;
    set_nonblocking($from);
    if (sysread $from, my $bytes, $PIPE_SIZE_MAX) { write_all($to, $bytes) }
  }
  relay_audit($kmsg) if $kmsg;
  return $status;
}

%ENV = (PATH => '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
$stdout = open_console(1);
$stderr = open_console(2);
$control = open_console(3);
print $control "ready\n";
my %settings = read_settings();

my $release = (POSIX::uname())[2];
load_overlayfs($settings{modules}[0], $release);
enter_overlay();
mount_system_directories();
mount_share($settings{share}[$_], $_) for 0 .. $#{ $settings{share} };
set_up_kernel();
for (map { m{^TMPDIR=(/.+)}s } @{ $settings{env} }) {
  if (!-d) { make_directories($_); chmod 01777, $_ }
}
chdir $settings{cwd}[0] or fail("cannot change to $settings{cwd}[0]");

my $status = run(\%settings);
POSIX::tcdrain(fileno $_) for $stdout, $stderr;
chdir '/';
system_call('sync');
my $signal = $status & 127;
print $control 'exit ', $signal ? 128 + $signal : $status >> 8, "\n";
POSIX::tcdrain(fileno $control);
power_off();
