/** No profile has this name, so a change to it is refused everywhere. */
export const MISSING = 'apparmor-test-missing'

/** Every public function, with arguments that pass its checks and do no harm. */
export const CALLS: Readonly<Record<string, readonly unknown[]>> = {
  isEnabled: [],
  availability: [],
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
  status: [],
  watch: [],
  changeProfile: [MISSING],
  stackProfile: [MISSING],
  changeOnexec: [MISSING],
  stackOnexec: [MISSING],
}

/** These look at text only: they work without AppArmor, and where the binary is missing. */
export const PURE: readonly string[] = ['parseLabel', 'formatLabel', 'compareFeatures', 'watch']

/** These return promises, and look at much. */
export const ASYNC: readonly string[] = ['profiles', 'processes', 'status']
