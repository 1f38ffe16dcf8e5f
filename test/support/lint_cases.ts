import type { LintCode } from 'apparmor/policy'

/** Policy that a compiler makes something else of, and what it makes of it. */
export interface LintCase {
  readonly code: LintCode
  readonly text: string
  /** the versions that do so; all of them without it */
  readonly parsers?: RegExp
  /** which set of features: the distribution's, or one that was changed */
  readonly features?: 'no capabilities' | 'dbus' | 'no xattrs'
  readonly dangerous: boolean
  /** what compiles to the same binary */
  readonly same?: string
  /** what the text means, which compiles to another one; what the fix compiles to, where there is one */
  readonly meant?: string
  /** bytes that the binary has */
  readonly holds?: string
  readonly fix?: boolean
  /** what is nearly the same and fine */
  readonly fine: string
}

const a = (rules: string): string => `profile a {\n  /ok r,\n  ${rules}\n}\n`
const INVERTS = /^4\.0|^4\.1\.[0-7]$|^5\.0\.[0-2]$/
const FROM_4 = /^[4-9]/
const FROM_4_1 = /^4\.[1-9]|^[5-9]/

/** @param file an include with a rule of its own */
export const lintCases = (file: string): readonly LintCase[] => [
  {
    code: 'deny-block-allows',
    text: a('{\n    deny /x r,\n  }'),
    parsers: INVERTS,
    dangerous: true,
    same: a('audit /x r,'),
    meant: a('deny /x r,'),
    fix: true,
    fine: a('{\n    /x r,\n  }\n  deny /y r,'),
  },
  {
    code: 'deny-block-allows',
    text: a('owner {\n    {\n      deny link /x -> /y,\n    }\n  }'),
    parsers: INVERTS,
    dangerous: true,
    same: a('audit owner link /x -> /y,'),
    meant: a('deny owner link /x -> /y,'),
    fix: true,
    fine: a('owner {\n    link /x -> /y,\n  }'),
  },
  {
    code: 'deny-block-allows',
    text: a('{\n    deny change_profile -> x,\n  }'),
    parsers: INVERTS,
    dangerous: true,
    same: a('change_profile -> x,'),
    meant: a('deny change_profile -> x,'),
    fix: true,
    fine: a('deny change_profile -> x,'),
  },
  {
    code: 'rule-in-block',
    text: a('{\n    network inet stream,\n  }'),
    dangerous: false,
    same: a(''),
    meant: a('network inet stream,'),
    fix: true,
    fine: a('{\n    /x r,\n  }\n  network inet stream,'),
  },
  {
    code: 'rule-in-block',
    text: a('audit {\n    set rlimit nofile <= 5,\n  }'),
    dangerous: true,
    same: a(''),
    meant: a('set rlimit nofile <= 5,'),
    fix: true,
    fine: a('set rlimit nofile <= 5,'),
  },
  {
    code: 'rule-in-block',
    text: a('{\n    hat h {\n      /y r,\n    }\n  }'),
    dangerous: false,
    same: a(''),
    meant: a('hat h {\n    /y r,\n  }'),
    fix: true,
    fine: a('hat h {\n    {\n      /y r,\n    }\n  }'),
  },
  {
    code: 'block-contradiction',
    text: a('owner {\n    other /ok w,\n    /ok w,\n  }'),
    dangerous: false,
    same: a('owner /ok w,'),
    meant: a('/ok w,'),
    fine: a('owner {\n    owner /x r,\n    /y r,\n  }'),
  },
  {
    code: 'rule-in-condition',
    text: `$X = true\n${a('if $X {\n    set rlimit nofile <= 5,\n  }')}`,
    dangerous: true,
    same: a(''),
    meant: a('set rlimit nofile <= 5,'),
    fine: `$X = true\n${a('if $X {\n    /x r,\n  }')}`,
  },
  {
    code: 'rule-in-condition',
    text: `$X = true\n${a('if $X {\n    network inet stream,\n  }')}`,
    parsers: /^3\.0/,
    dangerous: false,
    same: a(''),
    meant: a('network inet stream,'),
    fine: `$X = true\n${a('if $X {\n    capability kill,\n  }')}`,
  },
  {
    code: 'include-skipped',
    text: a(`if defined @{X} {\n    include "${file}"\n  } else {\n    include "${file}"\n  }`),
    dangerous: true,
    same: a(''),
    meant: a(`include "${file}"`),
    fine: a(`if not defined @{X} {\n    include "${file}"\n  } else {\n    include "${file}"\n  }`),
  },
  {
    code: 'include-skipped',
    text: a(`owner {\n    include "${file}"\n  }\n  include "${file}"`),
    dangerous: true,
    meant: a(`include "${file}"`),
    fine: a(`include "${file}"\n  owner {\n    include "${file}"\n  }`),
  },
  {
    code: 'deny-all-owner-only',
    text: a('/** rw,\n  deny all,'),
    parsers: FROM_4_1,
    dangerous: true,
    same: a('other /** rw,\n  deny all,'),
    meant: a('/** rw,\n  deny all,\n  deny /{**,} mrwlkx,'),
    fix: true,
    fine: a('/** rw,\n  deny /{**,} mrwlkx,'),
  },
  {
    code: 'network-address-dropped',
    text: a('network inet tcp ip=10.0.0.1 port=80,'),
    parsers: FROM_4,
    dangerous: true,
    same: a('network inet tcp,'),
    fine: a('network inet tcp,'),
  },
  {
    code: 'network-address-dropped',
    text: a('deny network inet tcp peer=(ip=10.0.0.1),'),
    parsers: FROM_4,
    dangerous: false,
    same: a('deny network inet tcp,'),
    fine: a('deny network inet tcp,'),
  },
  {
    code: 'capability-widened',
    text: a('capability bpf perfmon,'),
    features: 'no capabilities',
    dangerous: true,
    same: a('capability sys_admin,'),
    fine: a('capability syslog,'),
  },
  {
    code: 'capability-priority',
    text: a('deny capability kill,\n  priority=5 capability kill,'),
    parsers: FROM_4_1,
    dangerous: false,
    same: a('deny capability kill,\n  capability kill,'),
    fix: true,
    fine: a('deny capability kill,'),
  },
  {
    code: 'mount-arrow',
    text: a('mount /a->/b,'),
    dangerous: true,
    same: a('mount /a->/b,\n  mount /a->/b -> /anywhere/,'),
    meant: a('mount /a -> /b,'),
    fix: true,
    fine: a('mount /a -> /b,'),
  },
  {
    code: 'mount-fstype-ignored',
    text: a('umount fstype=tmpfs /mnt/,'),
    dangerous: true,
    same: a('umount /mnt/,'),
    fine: a('umount /mnt/,'),
  },
  {
    code: 'exec-target-variable',
    text: `@{A} = b\n${a('/x px -> @{A},')}`,
    dangerous: false,
    holds: '@{A}',
    meant: a('/x px -> b,'),
    fix: true,
    fine: `@{A} = b\n${a('change_profile -> @{A},')}`,
  },
  {
    code: 'exec-target-variable',
    text: a('/x pux -> @{profile_name}-child,'),
    dangerous: true,
    holds: '@{profile_name}-child',
    meant: a('/x pux -> a-child,'),
    fix: true,
    fine: a('/x pux -> a-child,'),
  },
  {
    code: 'link-target-ignored',
    text: a('/x l -> /y,'),
    parsers: /^3|^4\.0|^4\.1\.[0-7]$/,
    dangerous: true,
    same: a('/x l -> /y,\n  /x l,'),
    meant: a('l /x -> /y,'),
    fix: true,
    fine: a('l /x -> /y,'),
  },
  {
    code: 'target-without-exec',
    text: a('/x r -> b,'),
    dangerous: false,
    holds: 'xtable',
    meant: a('/x r,'),
    fix: true,
    fine: a('/x rpx -> b,'),
  },
  {
    code: 'profile-name-values',
    text: '@{A} = y z\nprofile x@{A} {\n}\n',
    dangerous: false,
    holds: 'x{y,z}',
    fine: '@{A} = y\nprofile x@{A} {\n}\n',
  },
  {
    code: 'child-mode',
    text: 'profile a flags=(complain) {\n  hat h {\n    /x r,\n  }\n}\n',
    dangerous: false,
    same: 'profile a flags=(complain) {\n  hat h flags=(enforce) {\n    /x r,\n  }\n}\n',
    meant: 'profile a flags=(complain) {\n  hat h flags=(complain) {\n    /x r,\n  }\n}\n',
    fine: 'profile a flags=(complain) {\n  hat h flags=(complain) {\n    /x r,\n  }\n}\n',
  },
  {
    code: 'duplicate-profile-name',
    text: 'profile a {\n  profile b {\n  }\n}\nprofile a//b {\n}\n',
    dangerous: true,
    holds: 'a//b',
    fine: 'profile a {\n  profile b {\n  }\n}\nprofile ":ns:a//b" {\n}\nprofile b {\n}\n',
  },
  {
    code: 'profile-name-impossible',
    text: 'profile a {\n  profile "b//" {\n  }\n}\n',
    dangerous: true,
    holds: 'a//b//',
    fine: 'profile a {\n  profile b {\n  }\n}\n',
  },
  {
    code: 'profile-parent-missing',
    text: 'profile a//b {\n}\n',
    dangerous: false,
    holds: 'a//b',
    fine: 'profile a {\n}\nprofile a//b {\n}\n',
  },
  {
    code: 'attachment-conflict',
    text: 'profile a /x {\n}\nprofile b /x {\n}\n',
    dangerous: true,
    fine: 'profile a /x {\n}\nprofile b /y {\n}\n',
  },
  {
    code: 'variable-value-lost',
    text: `@{A} = /a /b@{NO}\n${a('@{A} r,')}`,
    parsers: /^[5-9]/,
    dangerous: true,
    same: a('/a r,'),
    fine: `@{NO} = /c\n@{A} = /a /b@{NO}\n${a('@{A} r,')}`,
  },
  {
    code: 'variable-comment',
    text: `@{A} = /a # all but /b\n${a('@{A} r,')}`,
    parsers: /^3/,
    dangerous: true,
    same: `@{A} = /a "#" all but /b\n${a('@{A} r,')}`,
    meant: a('/a r,'),
    fix: true,
    fine: `# all but /b\n@{A} = /a\n${a('@{A} r,')}`,
  },
  {
    code: 'path-never-matches',
    text: a('deny /a/../x r,'),
    dangerous: true,
    meant: a('deny /x r,'),
    fine: a('deny /a/..x/.b r,'),
  },
  {
    code: 'dbus-alternation',
    text: a('dbus send bus=(a|b),'),
    features: 'dbus',
    dangerous: false,
    meant: a('dbus send bus={a,b},'),
    fine: a('dbus send bus={a,b},'),
  },
  {
    code: 'not-mediated',
    text: a('userns,'),
    parsers: FROM_4,
    dangerous: false,
    same: a(''),
    fine: a('file,'),
  },
  {
    code: 'not-mediated',
    text: a('unix type=stream peer=(label=x),'),
    dangerous: false,
    same: a('network unix stream,'),
    fine: a('network unix stream,'),
  },
  {
    code: 'not-mediated',
    text: a('deny unix (send) type=stream peer=(label=x),'),
    dangerous: true,
    same: a(''),
    fine: a('deny network unix stream,'),
  },
  {
    code: 'not-mediated',
    text: 'profile a /bin/a xattrs=(user.tag=b) {\n}\n',
    features: 'no xattrs',
    dangerous: false,
    same: 'profile a /bin/a {\n}\n',
    fine: 'profile a /bin/a {\n}\n',
  },
]
