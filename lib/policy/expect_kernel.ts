import { AppArmorError, invalidArgType, invalidArgValue } from '../border/errors.ts'
import { builtin, fs } from '../border/node.ts'
import { findMountpoint } from '../inspect/availability.ts'
import { queryDbus, queryFile, queryLink } from '../inspect/query.ts'
import type { CompileOptions } from './compile/options.ts'
import { decide, type Question } from './decide.ts'
import {
  expecting,
  expectPolicy as expectAnywhere,
  type ExpectOptions,
  type PolicyExpectation,
} from './expect.ts'
import { take } from './make.ts'
import { load } from './load/load.ts'
import type { Policy } from './rules/index.ts'

/** How {@link expectPolicy} asks the kernel. */
export interface KernelExpectOptions extends ExpectOptions {
  readonly kernel: true
  /** how the policy is compiled: include directories, ABI and so on */
  readonly compile?: Omit<CompileOptions, 'namespace'>
}

/**
 * Tests what a policy permits and refuses, in any test runner.
 *
 * {@link decide} checks each expectation. If one fails, it throws, and names the rules that decide and where they
 * are.
 *
 * In Node, `{ kernel: true }` and a third argument ask the running kernel the same questions, too.
 *
 * @param policy as `parseProfile` returned it, with `resolve` if it includes files, or as it was made by code
 * @param options `unread`: what to do about an include that was not read
 * @throws {@link PolicyExpectationError} (from `allows`, `denies`, `executes`)
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for a profile that is not in the policy
 * @example
 * ```js
 * import { expectPolicy, parseProfile } from 'apparmor/policy'
 * const policy = parseProfile('profile web {\n  /srv/** r,\n  deny /srv/secret rw,\n}\n')
 * expectPolicy(policy).profile('web').allows('r', '/srv/index.html').denies('r', '/srv/secret')
 * ```
 */
export function expectPolicy(policy: Policy, options?: ExpectOptions): PolicyExpectation
/**
 * Tests what a policy permits and refuses, and asks the running kernel the same questions.
 *
 * The policy is loaded into a policy
 * namespace of its own, where no program runs, and the namespace is removed at the end, whatever happens. The
 * kernel answers for files, execution, links and D-Bus; only `decide` answers the rest. `owner` rules are applied
 * as for root. It needs the privileges of `load`.
 *
 * @param policy as `parseProfile` returned it, with `resolve` if it includes files, or as it was made by code
 * @param options `kernel: true`; `unread`: what to do about an include that was not read; `compile`
 * @param test is called with the expectation, and what it returns is awaited
 * @returns when the test has ended and the namespace is removed
 * @throws {@link PolicyExpectationError} (rejects; also from `allows`, `denies`, `executes`)
 * @throws `AppArmorError`, {@link PolicyCompileError} (reject) as `load`
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for a profile that is not in the policy
 * @example
 * ```js
 * import { expectPolicy, parseProfile } from 'apparmor/policy'
 * const policy = parseProfile('profile web {\n  /srv/** r,\n  deny /srv/secret rw,\n}\n')
 * await expectPolicy(policy, { kernel: true }, (expected) => {
 *   expected.profile('web').allows('r', '/srv/index.html').denies('r', '/srv/secret')
 * })
 * ```
 */
export function expectPolicy(
  policy: Policy,
  options: KernelExpectOptions,
  test: (expected: PolicyExpectation) => void | Promise<void>,
): Promise<void>
export function expectPolicy(
  policy: Policy,
  options?: ExpectOptions | KernelExpectOptions,
  test?: (expected: PolicyExpectation) => void | Promise<void>,
): PolicyExpectation | Promise<void> {
  const { kernel, compile, ...others } = take(options as KernelExpectOptions | undefined, [
    'kernel',
    'compile',
    'unread',
  ])
  if (kernel === undefined || (kernel as boolean) === false) return expectAnywhere(policy, others)
  if ((kernel as unknown) !== true)
    throw invalidArgType('options.kernel', 'of type boolean', kernel)
  if (typeof test !== 'function') throw invalidArgType('test', 'of type function', test)
  // the arguments are checked before anything is loaded
  expectAnywhere(policy, others)
  return askKernel(policy, others.unread ?? 'refuse', compile, test)
}

async function askKernel(
  policy: Policy,
  unread: 'refuse' | 'ignore',
  compile: CompileOptions | undefined,
  test: (expected: PolicyExpectation) => void | Promise<void>,
): Promise<void> {
  const named = policy.rules.find((rule) => rule.kind === 'profile' && rule.namespace !== undefined)
  if (named)
    throw invalidArgValue('policy', 'must name no namespace to be put to the kernel', named)
  const random = builtin('node:crypto').randomBytes(8).toString('hex')
  const namespace = `apparmor-expect-${process.pid}-${random}`
  try {
    await load(policy, { ...compile, namespace })
    await test(expecting(policy, unread, (question) => answer(policy, namespace, question)))
  } finally {
    removeNamespace(namespace)
  }
}

function answer(
  policy: Policy,
  namespace: string,
  question: Question,
): { readonly allowed: boolean; readonly who: string } | undefined {
  const label = `:${namespace}://${question.profile}`
  const who = 'the kernel'
  if ('file' in question) {
    // The kernel answers root, for files of root: it cannot be asked where that makes a difference.
    const own = decide(policy, { ...question, owner: true }).allowed
    if (own !== decide(policy, question).allowed) return undefined
    return { allowed: queryFile(label, question.file, question.permissions).allowed, who }
  }
  if ('link' in question) {
    return { allowed: queryLink(label, question.target, question.link).allowed, who }
  }
  if ('dbus' in question) {
    const { permission, bus = '', name, peerName, peerLabel = '', ...message } = question.dbus
    const query =
      permission === 'bind'
        ? { access: permission, bus, name: name ?? '' }
        : permission === 'eavesdrop'
          ? { access: permission, bus }
          : {
              access: permission,
              bus,
              peerLabel,
              ...message,
              ...(peerName !== undefined && { name: peerName }),
            }
    return { allowed: queryDbus(label, query).allowed, who }
  }
  return undefined
}

/** What was loaded into a namespace goes with it. */
function removeNamespace(namespace: string): void {
  try {
    fs.rmdirSync(`${findMountpoint()}/policy/namespaces/${namespace}`)
  } catch (error) {
    // it was never made
    if (error instanceof AppArmorError || (error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
}
