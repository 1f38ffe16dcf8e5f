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
  'Load it (apparmor_parser -r FILE), or check the spelling. aa-status lists what is loaded.'

/** AppArmor as a whole is not usable: by the errno that aa_is_enabled(2) gives. */
export const unavailable: Table = {
  ENOSYS: {
    meaning: 'AppArmor is not part of the running kernel',
    help: 'Use a kernel built with CONFIG_SECURITY_APPARMOR, such as those of Debian and Ubuntu, with apparmor in its lsm= list.',
  },
  ECANCELED: {
    meaning: 'AppArmor was disabled when the kernel started',
    help: 'Remove apparmor=0 from the kernel command line, or add apparmor to its lsm= list. Then reboot.',
  },
  ENOENT: {
    meaning: 'neither /proc nor securityfs is mounted, so AppArmor cannot be used',
    help: 'Mount /proc (mount -t proc proc /proc) in this root directory.',
  },
  EACCES: {
    meaning: 'this process may not find out whether AppArmor is enabled',
    help: 'Let this process read /sys/module/apparmor/parameters/enabled: its user or its profile does not permit it.',
  },
  EPERM: {
    meaning: 'this process may not find out whether AppArmor is enabled',
    help: 'Let this process read /sys/module/apparmor/parameters/enabled: its user or its profile does not permit it.',
  },
  EBUSY: {
    meaning: 'only the private interfaces of AppArmor are available',
    help: 'Another security module owns the shared interfaces. Put apparmor before it in the kernel’s lsm= list.',
  },
  ENOMEM: {
    meaning: 'there was not enough memory to find out whether AppArmor is enabled',
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
    help: `${loadIt} A confined process also gets this error if its own profile has no change_profile rule for the new one, or if the new one is in another policy namespace.`,
  },
  EACCES: {
    meaning: 'the current profile does not permit it',
    help: 'Add a rule like "change_profile -> NAME," to the profile that the process runs under. If the process is traced, the tracer’s profile must also permit tracing the new profile.',
  },
  EPERM: {
    meaning: 'no_new_privs is set and the thread is confined',
    help: 'Once no_new_privs is set, the kernel only permits more confinement. Use stackProfile or stackOnexec, or change the profile before no_new_privs is set.',
  },
  EBUSY: {
    meaning: 'a kernel service has temporarily replaced the credentials of this thread',
    help: 'Try again later.',
  },
  EINVAL: {
    meaning: 'the kernel does not understand the request',
    help: 'Check the name. A profile in a namespace is written ":ns:name", and a stack "a//&b".',
  },
  ETIMEDOUT: {
    meaning: 'not every thread could be reached in time',
    help: 'New threads kept appearing, or one thread did not answer. Nothing was changed. Try again, or raise options.timeout.',
  },
  EPROTONOSUPPORT: {
    meaning: 'the file in /proc for the attribute of this thread does not belong to AppArmor',
    help: 'Nothing was changed. Another security module owns the file, or something else is mounted over /proc.',
  },
  EPROTO: {
    meaning: 'the kernel took only a part of the request',
    help: 'Nothing was changed. The name is too long for this kernel.',
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
    help: 'Nothing was changed. Run it as root (CAP_MAC_ADMIN). If the process is confined, its profile must permit the capability mac_admin. The kernel’s policy must not be locked.',
  },
  EPERM: {
    meaning: 'this process may not change the policy of the kernel',
    help: 'Nothing was changed. Run it as root (CAP_MAC_ADMIN). If the process is confined, its profile must permit the capability mac_admin. The kernel’s policy must not be locked.',
  },
  EPROTO: {
    meaning: 'the kernel cannot read the binary policy',
    help: 'Nothing was changed. The policy is damaged, or was compiled for another kernel. Compile it on this machine.',
  },
  EPROTONOSUPPORT: {
    meaning: 'the kernel does not know this format of binary policy',
    help: 'Nothing was changed. Compile the policy for the running kernel. Older kernels cannot read compressed policy.',
  },
  EBADMSG: {
    meaning: 'the kernel does not accept the binary policy',
    help: 'Nothing was changed. The policy is damaged. Compile it again.',
  },
  EINVAL: {
    meaning: 'the kernel does not accept the binary policy',
    help: 'Nothing was changed. The policy may contain no profile. Check its source with apparmor check FILE.',
  },
  ENAMETOOLONG: {
    meaning: 'the name of a profile is too long',
    help: 'Nothing was changed. Each part of a name may be at most 253 bytes long.',
  },
  ENOTSUP: {
    meaning: 'the kernel cannot read compressed policy',
    help: 'Nothing was changed. Compile the policy without compression.',
  },
}

const hat: Table = {
  EPERM: {
    meaning: 'the thread is not confined, or may not change hats (no_new_privs, a tracer)',
    help: 'A hat is part of a profile. Enter the profile first, and then the hat.',
  },
  ECHILD: {
    meaning: 'the current profile has no hats',
    help: 'Declare a hat in the profile: "hat NAME { … }" or "^NAME { … }". If the thread is in a hat already, no other hat has this name.',
  },
  ENOENT: {
    meaning: 'the current profile has no such hat',
    help: 'The profile has other hats. Check the spelling. If the file has changed, load the profile again.',
  },
  EACCES: {
    meaning: 'the token is wrong, or the profile does not let the thread write its attributes',
    help: 'Leave the hat with the token that changeHat returned.',
  },
  EINVAL: {
    meaning: 'the kernel does not understand the request',
    help: 'Check the names of the hats. A token of 0 cannot leave a hat.',
  },
  EPROTO: {
    meaning: 'the names of the hats are too long for one request',
    help: 'Pass fewer names.',
  },
}

const onexecStays =
  'This program continues, but the profile stays set for the next exec of this thread.'

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
  E2BIG: { meaning: 'the arguments and the environment are too large', help: onexecStays },
  ENOTDIR: { meaning: 'a part of the program’s path is not a directory', help: onexecStays },
  ETXTBSY: { meaning: 'the program is open for writing', help: onexecStays },
}

const read: Table = {
  ENOENT: {
    meaning: 'no such process',
    help: 'The process has ended, or /proc hides it from this process (another PID namespace, hidepid).',
  },
  ESRCH: {
    meaning: 'the process ended during the call',
    help: 'There is nothing to do. A process that has ended has no label.',
  },
  EACCES: {
    meaning: 'the label may not be read',
    help: 'Add the rule "@{PROC}/@{pids}/attr/{,apparmor/}current r," to the profile that this process runs under. From Linux 6.8 on, a process needs no rule to read its own label.',
  },
  EPERM: {
    meaning: 'the label may not be read',
    help: 'This process may not inspect the other one (hidepid, user namespaces). Run it as the same user, or as root.',
  },
  EINVAL: {
    meaning: 'the kernel keeps no AppArmor label for this task',
    help: 'Another security module answers. Check the kernel’s lsm= list.',
  },
}

const query: Table = {
  ENOENT: {
    meaning: 'no such label',
    help: `${loadIt} Every profile of a stack must be loaded, and visible from this policy namespace.`,
  },
  EACCES: {
    meaning: 'this process may not query the policy',
    help: 'Add the rule "/sys/kernel/security/apparmor/.access rw," to the profile that this process runs under.',
  },
  EFBIG: {
    meaning: 'the query is too long for the kernel',
    help: 'Use a shorter label or path. Together they must fit into one page (slightly less than 4096 bytes).',
  },
  EINVAL: {
    meaning: 'the kernel does not understand the label',
    help: 'Check the label. A profile in a namespace is written ":ns://name", and a stack "a//&b".',
  },
  EPROTO: {
    meaning: 'the kernel gave an answer that this package does not understand',
    help: 'Please report this with the version of the kernel (uname -r).',
  },
}

const peer: Table = {
  ENOPROTOOPT: {
    meaning: 'the kernel keeps no label for the peer of this socket',
    help: 'Only connected unix stream sockets have a label, and only from Linux 6.17 on or on a kernel that mediates unix sockets (Ubuntu’s). Check supports("network_v9/af_unix") or supports("network/af_unix").',
  },
  ENOTSOCK: { meaning: 'this descriptor is not a socket', help: 'Pass a connected unix socket.' },
  EBADF: { meaning: 'no such descriptor is open', help: 'Call this before the socket is closed.' },
  ENOTCONN: {
    meaning: 'the socket is not connected',
    help: 'Wait until it is connected. A listening socket has no peer.',
  },
  EACCES: {
    meaning: 'the current profile does not permit it',
    help: 'Add a rule like "unix (getopt)," to the profile that the process runs under.',
  },
}

const policyFiles: Table = {
  ENOENT: {
    meaning: 'no such policy namespace, or the kernel does not show its policy here',
    help: 'Check the name. policy/namespaces below findMountpoint() lists the namespaces; a nested one is written "a//b".',
  },
  EACCES: {
    meaning: 'the policy may not be read',
    help: 'Add flags=(attach_disconnected) and the rules "/sys/kernel/security/apparmor/** r," and "/{,**} r," to the profile that this process runs under. The kernel keeps the policy in a file system that has no path.',
  },
}

const featureSet: Table = {
  ENOENT: {
    meaning: 'no such feature set',
    help: 'Saved feature sets are in /etc/apparmor.d/abi. To read the kernel’s own, mount securityfs.',
  },
  EACCES: {
    meaning: 'the feature set may not be read',
    help: 'Let the profile that this process runs under read the file, or /sys/kernel/security/apparmor/features/** for the kernel’s own.',
  },
  EISDIR: { meaning: 'a directory is not a feature set', help: 'Name a file in it.' },
  ENODEV: { meaning: 'a device or a pipe is not a feature set', help: 'Name a file.' },
  ENOBUFS: {
    meaning: 'the feature set is too large',
    help: 'Check that the file is a feature set.',
  },
}

/** What may happen to any call. */
export const anywhere: Table = {
  EMFILE: {
    meaning: 'this process has no free file descriptor',
    help: 'Close some descriptors, or raise RLIMIT_NOFILE. From Linux 6.8 on, reading and changing the label of a thread needs no descriptor.',
  },
  ENFILE: {
    meaning: 'the system has no free file descriptor',
    help: 'Close files, or raise fs.file-max.',
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
      help: 'Nothing was changed. Add "signal (send, receive) peer=@{profile_name}," to the profile that the process runs under. The change reaches each thread by a signal.',
    },
    EPERM: {
      meaning: 'the threads of this process run as different users and may not signal each other',
      help: 'Nothing was changed. Before you confine the process, give all its threads the same user id. process.setuid() does that.',
    },
    EAGAIN: {
      meaning: 'the kernel can queue no more signals for the user of this process',
      help: 'Nothing was changed. Raise RLIMIT_SIGPENDING (ulimit -i), which limits the signals of all processes of the user. The change reaches each thread by a signal.',
    },
  },
  getdents64: {
    EACCES: {
      meaning: 'the threads of this process may not be listed',
      help: 'Nothing was changed. Add the rule "@{PROC}/@{pid}/task/ r," to the profile that this process runs under.',
    },
  },
  clone: {
    EAGAIN: {
      meaning: 'too many threads started during the change',
      help: 'Nothing was changed. Confine the process when it is not starting threads.',
    },
  },
  pthread_create: {
    EAGAIN: {
      meaning: 'the thread that would test the change cannot be created',
      help: 'Nothing was changed. Raise RLIMIT_NPROC or the pids limit of the control group.',
    },
  },
  stat: {
    ENOENT: {
      meaning: 'no such file',
      help: 'Check the path. A relative path starts at the working directory.',
    },
    ENOTDIR: { meaning: 'no such file', help: 'Check the path: a part of it is not a directory.' },
    EACCES: {
      meaning: 'the file may not be inspected',
      help: 'This process needs search permission (x) for every directory in the path.',
    },
  },
  aa_kernel_interface_new: load,
  aa_kernel_interface_load_policy: {
    ...load,
    EEXIST: {
      meaning: 'a profile with this name is already loaded',
      help: 'Nothing was loaded. Use replace to put the new profile in its place.',
    },
  },
  aa_kernel_interface_replace_policy: {
    ...load,
    ENOENT: {
      meaning: 'the profile, or the parent of a child profile, is not loaded',
      help: 'The old policy is still in force. Load the parent together with the child.',
    },
    EEXIST: {
      meaning: 'the kernel still holds a policy that it refused earlier',
      help: 'The old policy is still in force. Remove a profile, and then try again. After such a failure Linux 6.12 and newer refuse all new policy until a profile is removed.',
    },
  },
  aa_kernel_interface_remove_policy: {
    ...load,
    ENOENT: {
      meaning: 'no such profile is loaded',
      help: 'Check the spelling. profiles() lists what is loaded.',
    },
  },
  aa_policy_cache_new: {
    ENOENT: {
      meaning: 'there is no policy cache for this kernel’s feature set',
      help: 'Create one with compile and the option cache: DIRECTORY, or with apparmor_parser --write-cache.',
    },
    EACCES: {
      meaning: 'the policy cache may not be opened',
      help: 'Run it as the owner of the cache, usually root.',
    },
  },
  aa_policy_cache_dir_path: {
    ENOENT: { meaning: 'there is no such policy cache', help: 'Check the path.' },
    EACCES: {
      meaning: 'the policy cache may not be opened',
      help: 'Run it as the owner of the cache, usually root.',
    },
  },
  aa_policy_cache_remove: {
    ENOENT: { meaning: 'there is no such policy cache', help: 'Check the path.' },
    EACCES: {
      meaning: 'the policy cache may not be removed',
      help: 'Run it as the owner of the cache, usually root.',
    },
  },
  aa_policy_cache_replace_all: load,
  aa_find_mountpoint: {
    ENOENT: {
      meaning: 'AppArmor’s policy interface is not visible',
      help: 'Mount securityfs (mount -t securityfs securityfs /sys/kernel/security). In a container, bind-mount it from the host.',
    },
    EACCES: {
      meaning: 'the list of mounts may not be read',
      help: 'Let the profile that this process runs under read /proc/mounts.',
    },
  },
}

/** Errors that do not come from an errno of the kernel. */
export const ownCodes: Table = {
  ERR_APPARMOR_UNSUPPORTED_PLATFORM: {
    meaning: 'AppArmor exists on Linux only',
    help: 'Call isEnabled() first. On this platform it returns false.',
  },
  ERR_APPARMOR_NATIVE_MISSING: {
    meaning: 'the native part of the package cannot be loaded',
    help: 'Nothing was confined. Reinstall the package, or build it: install a C++ compiler, make, python3, pkg-config and the headers of libapparmor (Debian and Ubuntu: apt install g++ make python3 pkg-config libapparmor-dev; Fedora: libapparmor-devel; Alpine: libapparmor-dev). Then run: npx apparmor-build',
  },
  ERR_APPARMOR_ADDONS_DENIED: {
    meaning: 'this process may not load native addons: Node.js forbids it',
    help: 'Nothing was confined. If you start Node.js with --permission, add --allow-addons. If you start it with --no-addons, remove that option.',
  },
  ERR_APPARMOR_NATIVE_LOADED: {
    meaning: 'the native part of the package is already loaded',
    help: 'Call setNative only in a bundled program, once, and before any other call.',
  },
  ERR_APPARMOR_LAUNCHER: {
    meaning: 'the launcher that confines children cannot be executed',
    help: 'Nothing was executed. The launcher must be an executable file on a mount without noexec. If this process is confined, its profile must permit the launcher ("FILE ix,"). If the file is missing, reinstall the package, or build it: npx apparmor-build',
  },
  ERR_APPARMOR_UNSUPPORTED_RUNTIME: {
    meaning: 'this runtime starts children in a way that this package cannot confine',
    help: 'Nothing was executed. Use confineCommand: it returns a command line that works in every runtime.',
  },
  ERR_APPARMOR_NO_CHILD: {
    meaning: 'the child was never started, or has ended',
    help: 'Call this while the child runs: after its "spawn" event and before its "exit" event.',
  },
  ERR_APPARMOR_NO_PROCFS: {
    meaning: 'this call needs the /proc of this process, which is not mounted here',
    help: 'Mount /proc (mount -t proc proc /proc) in this root directory and PID namespace. From Linux 6.8 on, only changing a whole process needs it.',
  },
  ERR_APPARMOR_IO_URING: {
    meaning: 'a kernel thread of io_uring (SQPOLL) would keep the old label',
    help: 'Nothing was changed. Start Node without UV_USE_IO_URING=1, or confine the program from its start with reexec or a profile attached to its path.',
  },
  ERR_APPARMOR_FEATURE_MISSING: {
    meaning: 'the running kernel does not support this',
    help: 'Nothing was changed. Use a newer kernel.',
  },
  ERR_APPARMOR_IN_HAT: {
    meaning: 'a thread is in a hat, where this is not possible',
    help: 'Nothing was changed. Leave the hat first, or pass its token to changeHat. Otherwise, when the thread leaves the hat, the kernel would undo the change, or kill the thread if a profile for the next exec is set.',
  },
  ERR_APPARMOR_ONEXEC_SET: {
    meaning: 'a profile for the next exec is set, and the kernel would confuse it with the hat',
    help: 'Nothing was changed. This thread cannot undo changeOnexec. Use hats in another thread, or start children with apparmor/child_process instead of changeOnexec.',
  },
  ERR_APPARMOR_REEXEC_LATE: {
    meaning: 'executing this program again would lose what it has opened',
    help: 'Nothing was executed. Call reexec first, before the program starts servers, sockets, Workers or children. Or pass discardHandles: true.',
  },
  ERR_APPARMOR_REEXEC_LOOP: {
    meaning: 'this program was executed again, but does not run under the profile',
    help: 'Nothing was confined. Check the name, and whether the profile is loaded (aa-status). A process in complain mode can ask for a profile that is not loaded, and then gets another label.',
  },
  ERR_APPARMOR_NAMESPACE_UNKNOWN: {
    meaning: 'the policy namespace of this process is unknown',
    help: 'The program must not continue, because nobody can tell whether it runs under the profile. Mount securityfs, and let the profile read /proc/mounts and /sys/kernel/security/apparmor/.ns_{name,level}. Or name a profile of this process’s own namespace.',
  },
  ERR_APPARMOR_PROFILE_REMOVED: {
    meaning:
      'the profile was removed while the program started or ran, and so the kernel left the program unconfined',
    help: 'If the child was still running, it was killed. Replace profiles (apparmor_parser -r) instead of removing them. A program stays confined when its profile is replaced.',
  },
  ERR_APPARMOR_FEATURES: {
    meaning: 'the file does not contain a feature set',
    help: 'Name a file of /etc/apparmor.d/abi, or one with the output of apparmor_parser --print-features. A feature set looks like "domain {change_hat {yes}}".',
  },
  ERR_APPARMOR_LOG: {
    meaning: 'the audit log cannot be read',
    help: 'Run it as root, or with what the source needs: CAP_SYSLOG for /dev/kmsg, CAP_AUDIT_READ for the audit netlink group, the log_group of auditd.conf for audit.log, or the group systemd-journal for the journal.',
  },
  ERR_APPARMOR_NO_LOG: {
    meaning: 'this process can read no log that receives AppArmor’s records',
    help: 'The message lists each source and why it does not work. If the kernel was started with audit=0, it writes no records. In a container, read the log on the host.',
  },
  ERR_APPARMOR_PARSER_MISSING: {
    meaning: 'apparmor_parser, which compiles policy, is not installed',
    help: 'Install it (Debian, Ubuntu and Arch: the package apparmor; openSUSE: apparmor-parser), or pass its path as options.parser. You can load compiled policy without it.',
  },
  ERR_APPARMOR_PARSER: {
    meaning: 'apparmor_parser failed',
    help: 'Nothing was loaded. Run apparmor_parser by hand to see what is wrong. If it needs more time, raise options.timeout.',
  },
  ERR_APPARMOR_POLICY_HARMFUL: {
    meaning: 'this policy would harm the kernel',
    help: 'Nothing was loaded. Change the names of its profiles. When some kernels load such a policy, they crash, or refuse all later policy.',
  },
  ERR_APPARMOR_POLICY_DANGEROUS: {
    meaning: 'the compiled policy would permit more than its text says, or harm the kernel',
    help: 'Nothing was loaded. Rewrite the rules that error.diagnostics names; docs/policy.md explains each code. To accept a finding that you have reviewed, pass its code: allow: [CODE].',
  },
  ERR_APPARMOR_CACHE_FOREIGN: {
    meaning: 'other users can write to the policy cache, and so decide what is loaded from it',
    help: 'Nothing was read or loaded. Use a directory that belongs to this user or to root. Nobody else may be able to write to it or to a directory above it: chmod go-w DIRECTORY.',
  },
  ERR_APPARMOR_CACHE_DAMAGED: {
    meaning: 'a file in the policy cache is not binary policy',
    help: 'Nothing was loaded. Remove the file, or the whole cache with cache.remove().',
  },
  ERR_APPARMOR_SYNC_RUNNING: {
    meaning: 'another process is syncing policy for this owner',
    help: 'Nothing was changed. Try again when that process has ended.',
  },
  ERR_APPARMOR_SYNC_CONFLICT: {
    meaning: 'somebody else has loaded this profile',
    help: 'This file was not loaded. Rename the profile, or pass adopt: true to take it over.',
  },
  ERR_APPARMOR_SYNC_CHANGED: {
    meaning: 'the file changed while it was being compiled',
    help: 'The file was not loaded. Run sync again.',
  },
  ERR_APPARMOR_MANIFEST: {
    meaning: 'the list of what this owner has loaded cannot be read',
    help: 'Nothing was changed. Restore the list from a backup. Without it, sync cannot know which profiles to remove.',
  },
  ERR_APPARMOR_PROFILE_IN_USE: {
    meaning: 'processes run under the profile, and removing it would unconfine them',
    help: "Nothing was removed. End the processes first, or pass running: 'unconfine'.",
  },
  ERR_APPARMOR_PARTIAL: {
    meaning: 'some threads have the new label, and some do not',
    help: 'End this process: it is only partly confined. error.threads lists the label of every thread.',
  },
}
