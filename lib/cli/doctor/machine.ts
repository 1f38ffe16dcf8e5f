/** What makes AppArmor fail on a machine, checked in the order in which one thing rests on another. */
import {
  availability,
  compareFeatures,
  featureId,
  features,
  getcon,
  ownContainer,
  profiles,
  type Availability,
} from '../../index.ts'
import { follow } from '../../audit/node.ts'
import { builtin, fs } from '../../border/node.ts'
import { count } from '../group.ts'
import { AUDIT_LOG } from '../log_source.ts'
import { note, ok, problem, readFile, statusField, type Finding } from './finding.ts'

export type Check = () => Finding | readonly Finding[] | Promise<Finding | readonly Finding[]>

export function machineChecks(probe: boolean): readonly Check[] {
  const native = binary()
  if (native.state === 'problem') return [() => native]
  const found = availability()
  const first = [kernel, order, boot, () => usable(found)]
  if (!found.enabled) return [...first, container, node, () => native]
  return [
    ...first,
    () => securityfs(found.mountpoint),
    policy,
    label,
    noNewPrivileges,
    capabilities,
    container,
    restrictions,
    moduleParameters,
    compiler,
    abi,
    cache,
    () => native,
    node,
    ioUring,
    () => audit(probe),
  ]
}

const kernel: Check = () => {
  const { release, arch } = builtin('node:os')
  return ok('kernel', `Linux ${release()}, ${arch()}`)
}

const order: Check = () => {
  const modules = readFile('/sys/kernel/security/lsm')
  if (modules === null)
    return note('security modules', 'the list cannot be read', 'securityfs is not mounted here')
  if (modules.split(',').includes('apparmor')) return ok('security modules', modules)
  return problem(
    'security modules',
    modules,
    'AppArmor is not in the list of active modules',
    `add lsm=${modules},apparmor to the kernel's command line (/etc/default/grub, then update-grub) and start again`,
  )
}

// The others are nobody's business, in a report least of all.
const PARAMETERS = /^(apparmor(\..*)?|lsm|security|audit|audit_backlog_limit|lockdown)=/

const boot: Check = () => {
  const given = (readFile('/proc/cmdline') ?? '')
    .split(/\s+/)
    .filter((word) => PARAMETERS.test(word))
  const seen = given.join(' ') || 'none of AppArmor'
  if (given.includes('apparmor=0')) {
    return problem(
      'boot parameters',
      seen,
      'AppArmor is switched off',
      'remove apparmor=0 and start again',
    )
  }
  if (given.includes('audit=0')) {
    return problem(
      'boot parameters',
      seen,
      'no refusal is ever logged',
      'remove audit=0 and start again',
    )
  }
  return ok('boot parameters', seen)
}

function usable(found: Availability): Finding {
  if (found.enabled) return ok('AppArmor', 'it is on, and transitions work')
  const [means = '', ...help] = found.reason.split('. ')
  return problem('AppArmor', `it is not usable: ${found.code}`, means, help.join('. ') || null)
}

function securityfs(mountpoint: string | null): Finding {
  if (mountpoint !== null) return ok('policy interface', mountpoint)
  return note(
    'policy interface',
    'it is not visible here',
    'programs can be confined, but policy can be neither seen nor loaded. This is usual in a container',
    'outside of containers: mount -t securityfs securityfs /sys/kernel/security',
  )
}

const policy: Check = async () => {
  try {
    const list = await profiles()
    if (list.length === 0) {
      return problem(
        'policy',
        'no profile is loaded',
        'nothing is confined',
        'systemctl enable --now apparmor',
      )
    }
    const complaining = list.filter(({ mode }) => mode === 'complain').length
    const seen = `${count(list.length, 'profile')} loaded, ${complaining} of them in complain mode`
    return ok('policy', seen)
  } catch (error) {
    return note('policy', 'it cannot be read', (error as Error).message)
  }
}

const label: Check = () => {
  const { label: own, mode } = getcon()
  if (mode === null) return ok('this process', own)
  return note(
    'this process',
    `${own} (${mode})`,
    'this process is itself confined: its own profile decides what it may see, and which profile it may enter',
  )
}

const noNewPrivileges: Check = () => {
  if (statusField('self', 'NoNewPrivs') !== '1') return ok('no_new_privs', 'not set')
  return problem(
    'no_new_privs',
    'it is set on this process',
    'the kernel refuses to change to a profile that permits more; stacking always works',
    'start without it (NoNewPrivileges= of systemd, --security-opt no-new-privileges), or stack: apparmor exec --stack',
  )
}

const CAP_MAC_ADMIN = 33n

const capabilities: Check = () => {
  const effective = BigInt(`0x${statusField('self', 'CapEff') ?? '0'}`)
  if ((effective >> CAP_MAC_ADMIN) & 1n)
    return ok('capabilities', 'CAP_MAC_ADMIN: policy can be loaded')
  return note(
    'capabilities',
    'no CAP_MAC_ADMIN',
    'this process cannot load, replace or remove policy; everything else works',
    'use sudo for that',
  )
}

const container: Check = () => {
  const found = ownContainer()
  if (found === null) return ok('container', 'none')
  const { engine, namespaces } = found
  const seen = [
    engine ?? 'a container or sandbox',
    ...namespaces.map((kind) => `${kind} namespace`),
  ]
  const policy = namespaces.includes('user')
    ? 'no profile can be loaded from here, not even as root of this user namespace'
    : 'profiles are usually loaded on the host'
  return note(
    'container',
    seen.join(', '),
    `the kernel belongs to the host: its profiles and its log are not visible from here, or only in part; ${policy}`,
  )
}

const restrictions: Check = () =>
  ['userns', 'unconfined', 'io_uring'].flatMap((what): readonly Finding[] => {
    const name = `apparmor_restrict_unprivileged_${what}`
    const value = readFile(`/proc/sys/kernel/${name}`)
    if (value === null || value === '0') return []
    const means =
      what === 'userns'
        ? 'programs without a profile that allows userns cannot make user namespaces: browsers, sandboxes, rootless containers'
        : 'unconfined processes without privilege are restricted'
    return [
      note(
        name,
        `it is ${value}`,
        means,
        `give the program a profile with "userns," in it, or as root: sysctl kernel.${name}=0`,
      ),
    ]
  })

const moduleParameters: Check = () => {
  const read = (name: string): string | null => readFile(`/sys/module/apparmor/parameters/${name}`)
  const [mode, loud] = [read('mode'), read('audit')]
  const found: Finding[] = []
  if (mode !== null && mode !== 'enforce') {
    found.push(
      problem(
        'module parameter mode',
        mode,
        `every profile is treated as if it were in ${mode} mode`,
        'echo enforce > /sys/module/apparmor/parameters/mode',
      ),
    )
  }
  if (loud?.startsWith('quiet')) {
    found.push(
      problem(
        'module parameter audit',
        loud,
        'refusals are not logged',
        'echo normal > /sys/module/apparmor/parameters/audit',
      ),
    )
  }
  return found
}

const PARSERS = ['/usr/sbin/apparmor_parser', '/sbin/apparmor_parser']

const compiler: Check = () => {
  const file = PARSERS.find((path) => fs.existsSync(path))
  if (file === undefined) {
    return problem(
      'apparmor_parser',
      'it is not installed',
      'policy cannot be compiled here; compiled policy can be loaded',
      'apt install apparmor, or the package of your distribution',
    )
  }
  const { stdout, error } = builtin('node:child_process').spawnSync(file, ['--version'], {
    encoding: 'utf8',
  })
  const version = /version (\S+)/.exec(stdout ?? '')?.[1]
  if (version === undefined) {
    return problem(
      'apparmor_parser',
      file,
      `it does not run: ${error?.message ?? 'it says no version'}`,
      'install it again',
    )
  }
  return ok('apparmor_parser', `${version}, ${file}`)
}

const ABI_DIRECTORY = '/etc/apparmor.d/abi'

const abi: Check = () => {
  let names: readonly string[]
  try {
    names = fs.readdirSync(ABI_DIRECTORY).filter((name) => /^\d[\d.]*$/.test(name))
  } catch {
    return []
  }
  const newest = [...names].sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
  if (newest === undefined) return []
  const { lost } = compareFeatures(features(`${ABI_DIRECTORY}/${newest}`))
  if (lost.length === 0) return ok('features', `the kernel has all that abi ${newest} names`)
  return note(
    'features',
    `of abi ${newest} this kernel lacks: ${lost.join(', ')}`,
    'rules of these kinds compile, but are not enforced',
    `apparmor features --compare ${ABI_DIRECTORY}/${newest} tells which`,
  )
}

const cache: Check = () => {
  try {
    const name = `${featureId()}.0`
    const place = ['/var/cache/apparmor', '/etc/apparmor.d/cache.d', '/etc/apparmor.d/cache']
      .map((directory) => `${directory}/${name}`)
      .find((directory) => fs.existsSync(directory))
    if (place !== undefined) return ok('policy cache', place)
    return note(
      'policy cache',
      `none for these features (${name})`,
      'policy is compiled again at each boot',
    )
  } catch {
    return [] // the interface is not visible: said above
  }
}

interface Report {
  readonly sharedObjects?: readonly string[]
}

function binary(): Finding {
  try {
    availability()
  } catch (error) {
    return problem(
      'native part',
      'it cannot be loaded',
      (error as Error).message,
      'npx apparmor-build',
    )
  }
  const { sharedObjects = [] } = (process.report?.getReport() ?? {}) as unknown as Report
  const file = sharedObjects.find((path) => /apparmor[^/]*\.node$/.test(path))
  const library = sharedObjects.find((path) => /\/libapparmor\.so/.test(path))
  return ok('native part', `${file ?? 'loaded'}, libapparmor ${library ?? 'inside'}`)
}

const node: Check = () => {
  const seen = `Node.js ${process.version}`
  if (!('permission' in process)) return ok('runtime', seen)
  return note(
    'runtime',
    `${seen}, with --permission`,
    'Node refuses addons and child processes unless an option permits them',
    'add --allow-addons, and --allow-child-process to start programs',
  )
}

const ioUring: Check = () => {
  const disabled = readFile('/proc/sys/kernel/io_uring_disabled')
  const wanted = process.env.UV_USE_IO_URING === '1'
  if (!wanted || disabled === '2')
    return ok('io_uring', wanted ? 'off in the kernel' : 'not used by Node')
  return problem(
    'io_uring',
    'UV_USE_IO_URING=1',
    "the kernel's io_uring threads keep the old label, so a process that uses it cannot be changed",
    'unset UV_USE_IO_URING',
  )
}

const PROBE_TIME = 3000

async function audit(probe: boolean): Promise<Finding> {
  const sources = [AUDIT_LOG, '/dev/kmsg', '/run/systemd/journal/socket'].filter((file) =>
    fs.existsSync(file),
  )
  const seen = sources.join(', ') || 'none'
  if (!probe) return ok('audit log', `${seen}; --probe tries whether records arrive`)
  const records = follow({ signal: AbortSignal.timeout(PROBE_TIME) })
  try {
    await records.next()
  } catch (error) {
    if (records.source === null) {
      const [means = '', ...help] = (error as Error).message.split('. ')
      return problem('audit log', seen, means, help.join('. ') || null)
    }
  }
  return ok('audit log', `records arrive, by ${records.source}`)
}
