/**
 * Which errno of which call means what, and what to do: the one source of the error texts and of
 * `docs/errors.md`. Rests on aa_change_profile(2), aa_change_hat(2), aa_getcon(2), aa_is_enabled(2) and
 * the kernel's security/apparmor.
 */

export interface Meaning {
  /** completes "ENOENT: …" */
  readonly meaning: string
  /** one sentence: what to do */
  readonly help: string
}

type Table = Readonly<Record<string, Meaning>>

const loadIt =
  'Load it (apparmor_parser -r FILE) or check the spelling; aa-status lists what is loaded.'

/** AppArmor as a whole is not usable: by the errno that aa_is_enabled(2) gives. */
export const unavailable: Table = {
  ENOSYS: {
    meaning: 'AppArmor is not part of the running kernel',
    help: 'Use a kernel built with CONFIG_SECURITY_APPARMOR (Debian, Ubuntu, SUSE have it) and apparmor in its lsm= list.',
  },
  ECANCELED: {
    meaning: 'AppArmor was disabled when the kernel started',
    help: 'Remove apparmor=0 from the kernel command line, or add apparmor to its lsm= list, and start the machine again.',
  },
  ENOENT: {
    meaning: 'neither /proc nor securityfs is mounted, so AppArmor can be neither asked nor used',
    help: 'Mount /proc (mount -t proc proc /proc) in this root directory.',
  },
  EACCES: {
    meaning: 'this process may not read whether AppArmor is enabled',
    help: 'Its profile or its user lacks the right to read /sys/module/apparmor/parameters/enabled.',
  },
  EPERM: {
    meaning: 'this process may not ask whether AppArmor is enabled',
    help: 'Its profile or its user lacks the right to read /sys/module/apparmor/parameters/enabled.',
  },
  EBUSY: {
    meaning: 'only the private interfaces of AppArmor are available',
    help: 'Another security module owns the shared ones; put apparmor first in the kernel’s lsm= list.',
  },
  ENOMEM: {
    meaning: 'there was no memory to ask whether AppArmor is enabled',
    help: 'Free memory and try again.',
  },
  ENOTSUP: {
    meaning: 'AppArmor exists on Linux only',
    help: 'Run this on a Linux machine, or check isEnabled() first.',
  },
}

const change: Table = {
  ENOENT: {
    meaning: 'no such profile',
    help: `${loadIt} A confined process also gets this for a profile that it has no change_profile rule for, or that is not in its policy namespace.`,
  },
  EACCES: {
    meaning: 'the current profile does not permit it',
    help: 'Add a rule like "change_profile -> NAME," to the profile that the process runs under; a tracer’s profile must permit the target too.',
  },
  EPERM: {
    meaning: 'no_new_privs is set and the thread is confined',
    help: 'After no_new_privs the kernel only lets confinement grow: use stackProfile or stackOnexec, or change the profile before no_new_privs is set.',
  },
  EBUSY: {
    meaning: 'the credentials of the thread are overridden at the moment',
    help: 'Try again when the kernel service that acts for this thread has ended.',
  },
  EINVAL: {
    meaning: 'the kernel does not understand the request',
    help: 'Check the name: a namespace is written ":ns:name", a stack "a//&b".',
  },
  ETIMEDOUT: {
    meaning: 'not every thread could be reached in time',
    help: 'Threads kept appearing or one did not answer; raise options.timeout.',
  },
  EPROTONOSUPPORT: {
    meaning: 'what stands in /proc for the attribute of this thread is not AppArmor’s',
    help: 'Nothing was changed. Another security module answers, or something is mounted over /proc.',
  },
  EPROTO: {
    meaning: 'the kernel took only a part of the request',
    help: 'The name is too long for this kernel; nothing was changed.',
  },
}

const stack: Table = {
  ...change,
  EACCES: {
    meaning: 'the current profile does not permit stacking this one',
    help: 'Add a rule like "change_profile -> &NAME," to the profile that the process runs under.',
  },
}

const load: Table = {
  EACCES: {
    meaning: 'this process may not change the policy of the kernel',
    help: 'Nothing was changed. It needs CAP_MAC_ADMIN (root), a profile that allows it if it is confined, and a kernel whose policy is not locked.',
  },
  EPERM: {
    meaning: 'this process may not change the policy of the kernel',
    help: 'Nothing was changed. It needs CAP_MAC_ADMIN (root), a profile that allows it if it is confined, and a kernel whose policy is not locked.',
  },
  EPROTO: {
    meaning: 'the kernel cannot read the binary policy',
    help: 'Nothing was changed. It is damaged, or was compiled for another kernel: compile it here.',
  },
  EPROTONOSUPPORT: {
    meaning: 'the kernel does not know this format of binary policy',
    help: 'Nothing was changed. Compile it for the running kernel; an older kernel takes no compressed policy.',
  },
  EBADMSG: {
    meaning: 'the kernel does not accept the binary policy',
    help: 'Nothing was changed. It is damaged: compile it again.',
  },
  EINVAL: {
    meaning: 'the kernel does not accept the binary policy',
    help: 'Nothing was changed. A policy without a profile is one reason.',
  },
  ENAMETOOLONG: {
    meaning: 'the name of a profile is too long',
    help: 'Nothing was changed. A part of a name has at most 253 bytes.',
  },
  ENOTSUP: {
    meaning: 'the kernel cannot read compressed policy',
    help: 'Nothing was changed. Compile it without compression.',
  },
}

const hat: Table = {
  EPERM: {
    meaning: 'the thread is not confined, or may not change hats (no_new_privs, a tracer)',
    help: 'Hats are parts of a profile: change to the profile first.',
  },
  ECHILD: {
    meaning: 'the current profile has no hats',
    help: 'Declare one in it: "hat NAME { … }" or "^NAME { … }". In a hat it also means that there is no other of this name.',
  },
  ENOENT: {
    meaning: 'the current profile has no such hat',
    help: 'It has others; check the spelling, and load the profile again after a change.',
  },
  EACCES: {
    meaning: 'the token does not fit, or the profile does not let the thread write its attributes',
    help: 'Only the token that changeHat returned leaves a hat.',
  },
  EINVAL: {
    meaning: 'the kernel does not understand the request',
    help: 'A token of 0 cannot leave a hat; check the names.',
  },
  EPROTO: {
    meaning: 'the names of the hats are too long for one request',
    help: 'Pass fewer candidates.',
  },
}

const onexecStays =
  'This program is intact, but the profile stays set for the next exec of this thread.'

const execve: Table = {
  ENOENT: { meaning: 'no such program, or its interpreter is missing', help: onexecStays },
  EACCES: {
    meaning: 'the program may not be executed (permissions, a noexec mount, or a profile)',
    help: onexecStays,
  },
  EPERM: { meaning: 'the program may not be executed by this process', help: onexecStays },
  ENOEXEC: {
    meaning: 'the program has a format that the kernel cannot execute',
    help: onexecStays,
  },
  E2BIG: { meaning: 'arguments and environment are too large', help: onexecStays },
  ENOTDIR: { meaning: 'a part of the program’s path is no directory', help: onexecStays },
  ETXTBSY: { meaning: 'the program is open for writing', help: onexecStays },
}

const read: Table = {
  ENOENT: {
    meaning: 'no such process',
    help: 'It has ended, or /proc does not show it to this process (another PID namespace, hidepid).',
  },
  ESRCH: {
    meaning: 'the process ended while it was asked',
    help: 'Nothing to do: there is no label any more.',
  },
  EACCES: {
    meaning: 'the label may not be read',
    help: 'Let the profile that this process runs under read @{PROC}/@{pids}/attr/{,apparmor/}current, or use Linux 6.8 or newer, where the own label needs no rule.',
  },
  EPERM: {
    meaning: 'the label may not be read',
    help: 'This process lacks the right to look at the other one (hidepid, user namespaces).',
  },
  EINVAL: {
    meaning: 'the kernel keeps no AppArmor label for this task',
    help: 'Another security module answers here; check the kernel’s lsm= list.',
  },
}

const query: Table = {
  ENOENT: {
    meaning: 'no such label',
    help: `${loadIt} Every profile of a stack has to be loaded, and visible from this policy namespace.`,
  },
  EACCES: {
    meaning: 'the policy may not be asked',
    help: 'Let the profile that this process runs under write and read /sys/kernel/security/apparmor/.access.',
  },
  EFBIG: {
    meaning: 'the question is too long for the kernel',
    help: 'Label and path together have to fit into one page (4096 bytes, less a few).',
  },
  EINVAL: {
    meaning: 'the kernel does not understand the label',
    help: 'Check it: a namespace is written ":ns://name", a stack "a//&b".',
  },
  EPROTO: {
    meaning: 'the kernel gave an answer that this package does not know',
    help: 'Report it, with the version of the kernel.',
  },
}

const peer: Table = {
  ENOPROTOOPT: {
    meaning: 'the kernel keeps no label for the peer of this socket',
    help: 'Only connected unix stream sockets have one, from Linux 6.17 on or on a kernel with AppArmor’s mediation of unix sockets (Ubuntu’s); supports("network_v9/af_unix") or supports("network/af_unix") tells.',
  },
  ENOTSOCK: { meaning: 'this descriptor is no socket', help: 'Pass a connected unix socket.' },
  EBADF: { meaning: 'no such descriptor is open', help: 'Ask before the socket is closed.' },
  ENOTCONN: {
    meaning: 'the socket is not connected',
    help: 'Wait for the connection: a listening socket has no peer.',
  },
  EACCES: {
    meaning: 'the current profile does not permit it',
    help: 'Add a rule like "unix (getopt)," to the profile that the process runs under.',
  },
}

const policyFiles: Table = {
  ENOENT: {
    meaning: 'no such policy namespace, or the kernel does not show its policy here',
    help: 'Namespaces stand in policy/namespaces below findMountpoint(); nested ones are "a//b".',
  },
  EACCES: {
    meaning: 'the policy may not be read',
    help: 'The kernel has it in a file system without a place in the tree, so the profile that this process runs under needs flags=(attach_disconnected) and the rules "/sys/kernel/security/apparmor/** r," and "/{,**} r,".',
  },
}

const featureSet: Table = {
  ENOENT: {
    meaning: 'no such set of features',
    help: 'Saved sets are in /etc/apparmor.d/abi; the kernel’s own needs securityfs.',
  },
  EACCES: {
    meaning: 'the set of features may not be read',
    help: 'Let the profile that this process runs under read /sys/kernel/security/apparmor/features/**, or the file.',
  },
  EISDIR: { meaning: 'a directory is no set of features', help: 'Name a file in it.' },
  ENODEV: { meaning: 'a device or a pipe is no set of features', help: 'Name a file.' },
  ENOBUFS: { meaning: 'the set of features is too large', help: 'Check that the file is one.' },
}

/** What may happen to any call. */
export const anywhere: Table = {
  EMFILE: {
    meaning: 'this process has no free file descriptor',
    help: 'Close some or raise RLIMIT_NOFILE; from Linux 6.8 on the call needs none.',
  },
  ENFILE: {
    meaning: 'the system has no free file descriptor',
    help: 'Close files or raise fs.file-max.',
  },
  ENOMEM: { meaning: 'out of memory', help: 'Free memory and try again.' },
}

/** By libapparmor's name of the call: what each errno means. */
export const failures: Readonly<Record<string, Table>> = {
  aa_change_profile: change,
  aa_stack_profile: stack,
  aa_change_onexec: change,
  aa_stack_onexec: stack,
  aa_getcon: read,
  aa_getprocattr: read,
  aa_gettaskcon: read,
  aa_query_label: query,
  aa_getpeercon: peer,
  aa_features_new: featureSet,
  open: policyFiles,
  aa_change_hat: hat,
  aa_change_hatv: hat,
  execve,
  rt_tgsigqueueinfo: {
    EACCES: {
      meaning: 'the current profile does not let the threads of this process signal each other',
      help: 'Nothing was changed. Every thread has to be reached by a signal: add "signal (send, receive) peer=@{profile_name}," to the profile that the process runs under.',
    },
    EPERM: {
      meaning: 'the threads of this process run as different users and may not signal each other',
      help: 'Nothing was changed. Change uids for the whole process (process.setuid does) before confining it.',
    },
    EAGAIN: {
      meaning: 'no signal can be queued for the threads of this process',
      help: 'Nothing was changed. Every thread has to be reached by a signal: raise RLIMIT_SIGPENDING (ulimit -i), which counts those of all processes of the user.',
    },
  },
  getdents64: {
    EACCES: {
      meaning: 'the threads of this process may not be listed',
      help: 'Nothing was changed. Let the profile that this process runs under read @{PROC}/@{pid}/task/.',
    },
  },
  clone: {
    EAGAIN: {
      meaning: 'too many threads were started meanwhile',
      help: 'Nothing was changed. Confine the process while it starts no threads.',
    },
  },
  pthread_create: {
    EAGAIN: {
      meaning: 'no thread can be created to try the change on',
      help: 'Nothing was changed. Raise RLIMIT_NPROC or the pids limit of the control group.',
    },
  },
  stat: {
    ENOENT: {
      meaning: 'no such file',
      help: 'Check the path; a relative one begins at the working directory.',
    },
    ENOTDIR: { meaning: 'no such file', help: 'Check the path: a part of it is not a directory.' },
    EACCES: {
      meaning: 'the file may not be looked at',
      help: 'A directory on the way to it denies this process the right to search it.',
    },
  },
  aa_kernel_interface_new: load,
  aa_kernel_interface_load_policy: {
    ...load,
    EEXIST: {
      meaning: 'a profile of this name is loaded already',
      help: 'Nothing was loaded. Use replace to load the new one in its place.',
    },
  },
  aa_kernel_interface_replace_policy: {
    ...load,
    ENOENT: {
      meaning: 'no such profile is loaded, or the parent of a child profile is not',
      help: 'The policy that was in force before still is. Load the parent in the same policy.',
    },
    EEXIST: {
      meaning: 'the kernel holds on to a policy that it has refused before',
      help: 'The policy that was in force before still is. Linux 6.12 and newer refuse everything new after such a failure, until a profile is removed.',
    },
  },
  aa_kernel_interface_remove_policy: {
    ...load,
    ENOENT: {
      meaning: 'no such profile is loaded',
      help: 'Check the spelling; profiles() lists what is loaded.',
    },
  },
  aa_policy_cache_new: {
    ENOENT: {
      meaning: 'there is no policy cache for the features of this kernel',
      help: 'compile makes one: cache: DIRECTORY; so does apparmor_parser --write-cache.',
    },
    EACCES: {
      meaning: 'the policy cache may not be opened',
      help: 'It takes the rights of its owner, usually root.',
    },
  },
  aa_policy_cache_dir_path: {
    ENOENT: { meaning: 'there is no such policy cache', help: 'Check the path.' },
    EACCES: {
      meaning: 'the policy cache may not be opened',
      help: 'It takes the rights of its owner, usually root.',
    },
  },
  aa_policy_cache_remove: {
    ENOENT: { meaning: 'there is no such policy cache', help: 'Check the path.' },
    EACCES: {
      meaning: 'the policy cache may not be removed',
      help: 'It takes the rights of its owner, usually root.',
    },
  },
  aa_policy_cache_replace_all: load,
  aa_find_mountpoint: {
    ENOENT: {
      meaning: 'AppArmor’s policy interface is not visible',
      help: 'Mount securityfs (mount -t securityfs securityfs /sys/kernel/security); in a container, bind it from the host.',
    },
    EACCES: {
      meaning: 'the list of mounts may not be read',
      help: 'Let the profile of this process read /proc/mounts.',
    },
  },
}

/** Errors that do not come from an errno of the kernel. */
export const ownCodes: Table = {
  ERR_APPARMOR_UNSUPPORTED_PLATFORM: {
    meaning: 'AppArmor exists on Linux only',
    help: 'Check isEnabled() first: it is false here.',
  },
  ERR_APPARMOR_NATIVE_MISSING: {
    meaning: 'the native part of the package cannot be loaded',
    help: 'Nothing was confined. Reinstall the package, or build it: install a C++ compiler, make, python3, pkg-config and the headers of libapparmor (Debian, Ubuntu: apt install g++ make python3 pkg-config libapparmor-dev; Fedora: libapparmor-devel; Alpine: libapparmor-dev), then run: npx apparmor-build',
  },
  ERR_APPARMOR_ADDONS_DENIED: {
    meaning: 'this process may not load native addons under the permission model of Node.js',
    help: 'Nothing was confined. With --permission, start Node.js with --allow-addons as well; without it, leave out --no-addons.',
  },
  ERR_APPARMOR_NATIVE_LOADED: {
    meaning: 'the native part of the package is loaded already',
    help: 'Only a bundled program names it, and only once.',
  },
  ERR_APPARMOR_LAUNCHER: {
    meaning: 'the launcher that confines children cannot be executed',
    help: 'Nothing was executed. It must be an executable file, not on a noexec mount, and the profile of this process, if it has one, must allow it ("FILE ix,"); where it is missing, reinstall the package or build it: npx apparmor-build',
  },
  ERR_APPARMOR_UNSUPPORTED_RUNTIME: {
    meaning: 'this runtime starts children in a way that cannot be confined',
    help: 'Nothing was executed. Use confineCommand, which makes a command line that works everywhere.',
  },
  ERR_APPARMOR_NO_CHILD: {
    meaning: 'the child was never started, or has ended',
    help: 'Ask while it runs: after its "spawn" and before its "exit" event.',
  },
  ERR_APPARMOR_NO_PROCFS: {
    meaning: 'the /proc of this process is needed, and is not mounted here',
    help: 'Mount /proc (mount -t proc proc /proc) in this root directory and PID namespace. From Linux 6.8 on only the change of a whole process needs it.',
  },
  ERR_APPARMOR_IO_URING: {
    meaning: 'a kernel thread of io_uring (SQPOLL) would keep the old label',
    help: 'Nothing was changed. Start Node without UV_USE_IO_URING=1, or confine the program from its start: reexec, or a profile attached to its path.',
  },
  ERR_APPARMOR_FEATURE_MISSING: {
    meaning: 'the running kernel does not have what was asked for',
    help: 'Nothing was changed. Use a newer kernel.',
  },
  ERR_APPARMOR_IN_HAT: {
    meaning: 'a thread is in a hat, and what was asked for does not go together with that',
    help: 'Nothing was changed. Leave the hat first, or give changeHat its token. At the end of the hat the kernel would take the thread back to the profile before, and for a profile for exec it would kill the thread.',
  },
  ERR_APPARMOR_ONEXEC_SET: {
    meaning: 'a profile for the next exec is set, and the kernel would mix it up with the hat',
    help: 'changeOnexec cannot be taken back on this thread; use hats in another one, or start children with apparmor/child_process.',
  },
  ERR_APPARMOR_REEXEC_LATE: {
    meaning: 'this program cannot be executed again any more without losing what it has opened',
    help: 'Call reexec first thing at start-up, before servers, sockets, Workers and children; or pass discardHandles: true.',
  },
  ERR_APPARMOR_REEXEC_LOOP: {
    meaning: 'this program was executed again, and its label is still another one',
    help: 'Nothing was confined. A profile in complain mode that is not loaded ends so; check the name and aa-status.',
  },
  ERR_APPARMOR_NAMESPACE_UNKNOWN: {
    meaning: 'in which policy namespace this process is cannot be read',
    help: 'Whether the program runs under the profile is not known, so it must not go on. Mount securityfs, and let the profile read /proc/mounts and /sys/kernel/security/apparmor/.ns_{name,level}; or name a profile of the own namespace.',
  },
  ERR_APPARMOR_PROFILE_REMOVED: {
    meaning:
      'the profile was removed while the program was started or ran, and the kernel leaves such a program unconfined',
    help: 'A child that still ran was killed. Replace profiles (apparmor_parser -r) instead of removing them: what runs under a replaced profile stays confined.',
  },
  ERR_APPARMOR_FEATURES: {
    meaning: 'the file holds no set of features',
    help: 'It has to look like "domain {change_hat {yes}}": a file of /etc/apparmor.d/abi, or the output of apparmor_parser --print-features.',
  },
  ERR_APPARMOR_LOG: {
    meaning: 'the audit log cannot be read',
    help: 'Reading it takes root or a group: CAP_SYSLOG for /dev/kmsg, CAP_AUDIT_READ for the audit netlink group, log_group of auditd.conf for audit.log, systemd-journal for the journal.',
  },
  ERR_APPARMOR_NO_LOG: {
    meaning: 'AppArmor’s records arrive nowhere that this process can read',
    help: 'Each source and what came of it stands in the message. With audit=0 on the kernel command line the kernel makes no records at all; in a container they stay on the host.',
  },
  ERR_APPARMOR_PARSER_MISSING: {
    meaning: 'apparmor_parser, which compiles policy, is not installed',
    help: 'Install it (Debian, Ubuntu, Arch: the package apparmor; openSUSE: apparmor-parser), or name it: options.parser. A policy that is compiled already can be loaded without it.',
  },
  ERR_APPARMOR_PARSER: {
    meaning: 'apparmor_parser did not do its work',
    help: 'Nothing was loaded. Run it by hand to see what is wrong; options.timeout sets how long it may take.',
  },
  ERR_APPARMOR_POLICY_HARMFUL: {
    meaning: 'the kernel must not be given this policy',
    help: 'Nothing was loaded. Some kernels crash, or load nothing afterwards, when they get such a policy. Change the names of its profiles.',
  },
  ERR_APPARMOR_POLICY_DANGEROUS: {
    meaning: 'the compiled policy would permit more than its text says, or harm the kernel',
    help: 'Nothing was loaded. Rewrite what error.diagnostics names (docs/policy.md explains each code); what you have looked at and want as it is, allow by its code: allow: [CODE].',
  },
  ERR_APPARMOR_CACHE_FOREIGN: {
    meaning: 'others can write to the policy cache, and so decide what is loaded from it',
    help: 'Nothing was read or loaded. Take a directory that belongs to this user or root, and that nobody else can write to, nor to those above it: chmod go-w DIRECTORY.',
  },
  ERR_APPARMOR_CACHE_DAMAGED: {
    meaning: 'a file of the policy cache is no binary policy',
    help: 'Nothing was loaded. Remove it, or the whole cache: cache.remove().',
  },
  ERR_APPARMOR_SYNC_RUNNING: {
    meaning: 'another process syncs policy for this owner',
    help: 'Nothing was changed. Try again when it has ended.',
  },
  ERR_APPARMOR_SYNC_CONFLICT: {
    meaning: 'the profile belongs to something else',
    help: 'This file was not loaded. Rename the profile, or pass adopt: true to take over what somebody else has loaded.',
  },
  ERR_APPARMOR_SYNC_CHANGED: {
    meaning: 'the file changed while it was compiled',
    help: 'It was not loaded. Sync again.',
  },
  ERR_APPARMOR_MANIFEST: {
    meaning: 'the list of what this owner has loaded cannot be read',
    help: 'Nothing was changed. Restore it from a backup; without it nobody knows which profiles are to be removed.',
  },
  ERR_APPARMOR_PROFILE_IN_USE: {
    meaning: 'processes run under the profile, and would be unconfined without it',
    help: "Nothing was removed. End them first, or pass running: 'unconfine'.",
  },
  ERR_APPARMOR_PARTIAL: {
    meaning: 'some threads have the new label and some have not',
    help: 'A half-confined process must not go on: end it. error.threads tells the label of every thread.',
  },
}
