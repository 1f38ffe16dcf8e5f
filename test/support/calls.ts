/** No profile has this name, so a change to it is refused everywhere. */
export const MISSING = 'apparmor-test-missing'

/** Every public function, with arguments that pass its checks and do no harm. */
export const CALLS: Readonly<Record<string, readonly unknown[]>> = {
  isEnabled: [],
  availability: [],
  setNative: [{ addon: '/nowhere/apparmor.node', launcher: '/nowhere/launcher' }],
  findMountpoint: [],
  getcon: [],
  getTaskCon: [process.pid],
  getThreadCons: [],
  getProcAttr: ['current'],
  parseLabel: ['a//&b'],
  getPeerCon: [0],
  formatLabel: [[{ name: 'a' }]],
  features: [],
  supports: ['file'],
  featureId: [],
  compareFeatures: [{}, {}],
  queryFile: ['unconfined', '/', 'r'],
  queryLink: ['unconfined', '/a', '/b'],
  queryDbus: ['unconfined', { access: 'eavesdrop', bus: 'system' }],
  explainAccess: ['unconfined', '/'],
  profiles: [],
  processes: [],
  containerOf: [process.pid],
  ownContainer: [],
  status: [],
  watch: [],
  labelIncludes: ['a//&b', 'b'],
  changeProfile: [MISSING],
  stackProfile: [MISSING],
  canChangeProfile: [MISSING],
  changeOnexec: [MISSING],
  stackOnexec: [MISSING],
  execve: ['/nowhere', [], { profile: MISSING }],
  reexec: [MISSING],
  confineCommand: [MISSING, 'true'],
  changeHat: ['hat'],
  leaveHat: [1n],
  withHat: ['hat', () => {}],
  canChangeHat: ['hat'],
}

/** These look at text only: they work without AppArmor, and where the binary is missing. */
export const PURE: readonly string[] = [
  'parseLabel',
  'labelIncludes',
  'formatLabel',
  'compareFeatures',
  'watch',
  'containerOf',
  'ownContainer',
]

/** These return promises, and look at much. */
export const ASYNC: readonly string[] = ['profiles', 'processes', 'status', 'containerOf']

/** These need the launcher, not the binary. */
export const LAUNCHER: readonly string[] = ['confineCommand']

/** Calls a public function with the arguments above. */
export function callExample(functions: object, name: string): unknown {
  const call = (functions as Record<string, (...args: readonly unknown[]) => unknown>)[name]
  if (!call) throw new Error(`no function ${name}`)
  return call(...(CALLS[name] ?? []))
}
