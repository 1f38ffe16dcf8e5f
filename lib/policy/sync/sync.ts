import { checkOneOf, checkText } from '../../border/args.ts'
import { AppArmorError, invalidArgType, invalidArgValue } from '../../border/errors.ts'
import { builtin, path } from '../../border/node.ts'
import { readOptions } from '../../border/options.ts'
import { profiles, type LoadedProfile } from '../../inspect/profiles.ts'
import { readBlob, type BlobRecord } from '../compile/blob.ts'
import { attempt, compileTogether } from '../compile/compile.ts'
import { PolicyCompileError } from '../compile/error.ts'
import { policyFiles } from '../compile/files.ts'
import type { SeenFiles } from '../compile/closure.ts'
import { compilerId, sourceId } from '../compile/identity.ts'
import { lintInput, readAllowed, refuseDangerous, type Allowed } from '../compile/lint.ts'
import { Memory } from '../compile/memory.ts'
import { readCompileOptions, type CompileOptions, type ReadOptions } from '../compile/options.ts'
import { readPath } from '../compile/source.ts'
import { putSets } from '../load/load.ts'
import { qualifiedName, refuseHarmful, splitRecords } from '../load/records.ts'
import { processesUnder, remove } from '../load/remove.ts'
import { hasHash } from '../load/unstick.ts'
import {
  lockManifest,
  readManifest,
  writeManifest,
  type OwnedFile,
  type OwnedProfile,
} from './manifest.ts'
import { Changes, placesOf } from './watch.ts'

/** Options of {@link sync}. */
export interface SyncOptions extends Omit<CompileOptions, 'name' | 'namespace'> {
  /** the owner of the profiles, who has a manifest (a list of what was loaded). Letters, digits, `.`, `_`, `-` */
  readonly owner: string
  /** the directory for manifests; default: `/var/lib/apparmor-sync` */
  readonly state?: string
  /** `true`: report what would be done, and do nothing */
  readonly dryRun?: boolean
  /**
   * what happens to a profile whose file is gone while processes run under it: it stays (`'keep'`, default), or it
   * is removed and the processes are unconfined (`'unconfine'`)
   */
  readonly running?: 'keep' | 'unconfine'
  /** `true`: take over profiles of the same names that somebody else has loaded */
  readonly adopt?: boolean
  /** codes of dangerous findings of {@link lint} that you accept, as for {@link load} */
  readonly allow?: readonly Allowed[]
  /**
   * `true`: sync again whenever a file changes, or something that it includes, until `signal` aborts or the loop
   * over the reports ends
   */
  readonly watch?: boolean
  /** called after each file has been examined, before anything is loaded */
  readonly progress?: (progress: SyncProgress) => void
}

/** The progress of a {@link sync}. */
export interface SyncProgress {
  /** the name of the file in the directory */
  readonly file: string
  readonly outcome: 'unchanged' | 'compiled' | 'failed'
  /** how many files have been examined, including this one */
  readonly done: number
  readonly total: number
}

/** What was done, or would be done, about one profile. */
export interface SyncStep {
  /**
   * `'load'`: a new profile; `'replace'`: a changed one; `'remove'`: one whose file is gone; `'keep'`: one whose
   * file is gone, but processes run under it, or another file cannot be read and may define it
   */
  readonly action: 'load' | 'replace' | 'remove' | 'keep'
  /** its name, like `label` in `profiles()`, but with a namespace in the form `:ns:name` */
  readonly profile: string
  /** the name of its file in the directory */
  readonly file: string
}

/** The result of {@link sync}. */
export interface SyncReport {
  readonly steps: readonly SyncStep[]
  /** how many files were not compiled, because nothing about them has changed */
  readonly unchanged: number
  /** the files that could not be loaded, and why; their old policy is still in force */
  readonly errors: readonly { readonly file: string; readonly error: Error }[]
}

/**
 * Makes the loaded profiles of `owner` the same as those in a directory. It loads new ones, replaces changed ones,
 * and removes those whose file is gone. It never touches what others have loaded.
 *
 * A file has changed when its content, or that of anything that it includes, is different, or when somebody has
 * loaded other policy under its names. Times do not matter. Unchanged files are not compiled. A file with a mistake
 * is reported and changes nothing; the other files are loaded. If a run is interrupted, the next one finishes the
 * work.
 * Rests on aa_kernel_interface(3) and apparmor_parser(8).
 *
 * @param directory a directory of policy files, read as `apparmor_parser` reads one: without subdirectories, hidden
 *   files, and what package managers and editors leave behind
 * @param options `owner`, and see {@link SyncOptions}
 * @returns what was done, and which files could not be loaded. With `watch: true`, an async iterable of such
 *   reports, the first at once; it ends by throwing what would otherwise reject, or the signal's reason
 * @throws `AppArmorError` (rejects) `ERR_APPARMOR_SYNC_RUNNING` another process syncs for this owner;
 *   `ERR_APPARMOR_MANIFEST` its manifest cannot be read; the codes of {@link load} for failures that concern all
 *   files; Node's own errors when the directory cannot be read or the manifest cannot be written
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError (reject)
 * @example
 * ```js
 * import { sync } from 'apparmor/policy'
 * const { steps, errors } = await sync('/etc/my-app/apparmor', { owner: 'my-app' })
 * for (const { action, profile } of steps) console.log(action, profile)
 * if (errors.length > 0) process.exitCode = 1
 * ```
 */
export function sync(
  directory: string | URL,
  options: SyncOptions & { readonly watch: true },
): AsyncIterable<SyncReport>
export function sync(directory: string | URL, options: SyncOptions): Promise<SyncReport>
export function sync(
  directory: string | URL,
  options: SyncOptions,
): Promise<SyncReport> | AsyncIterable<SyncReport> {
  const given: unknown = options
  const own = typeof given === 'object' && given !== null && Object.hasOwn(given, 'watch')
  return own && options.watch === true ? follow(directory, options) : once(directory, options)
}

async function once(directory: string | URL, options: SyncOptions): Promise<SyncReport> {
  const place = readPath(directory, 'directory')
  return run(place, readSyncOptions(options))
}

async function* follow(
  directory: string | URL,
  options: SyncOptions,
): AsyncGenerator<SyncReport, void> {
  const place = readPath(directory, 'directory')
  const read = readSyncOptions(options)
  const { include, base, signal } = read.compiler
  const changes = new Changes()
  try {
    for (let first = true; ; first = false) {
      // Before the work: what changes meanwhile is seen.
      changes.watch(placesOf(place, [...include, base]))
      const report = await run(place, read)
      // What has changed may be another file of the same directory.
      if (first || report.steps.length + report.errors.length > 0) yield report
      await changes.next(signal)
    }
  } finally {
    changes.close()
  }
}

async function run(place: string, read: ReadSyncOptions): Promise<SyncReport> {
  const file = path.join(read.state, `${read.owner}.json`)
  const unlock = read.dryRun ? async () => {} : await lockManifest(file)
  try {
    return await new Sync(place, file, read).run()
  } finally {
    await unlock()
  }
}

const OWN = ['owner', 'state', 'dryRun', 'running', 'adopt', 'allow', 'watch', 'progress'] as const

interface ReadSyncOptions {
  readonly owner: string
  readonly state: string
  readonly dryRun: boolean
  readonly running: 'keep' | 'unconfine'
  readonly adopt: boolean
  readonly allowed: ReadonlySet<string>
  readonly progress: SyncOptions['progress']
  readonly compiler: ReadOptions
}

function readSyncOptions(options: unknown): ReadSyncOptions {
  const compiler = readCompileOptions(options, OWN)
  const { owner, state, dryRun, running, adopt, allow, watch, progress, ...unfit } = readOptions<
    SyncOptions & Pick<CompileOptions, 'name' | 'namespace'>
  >(options, [...OWN, 'name', 'namespace'])
  for (const [name, value] of Object.entries(unfit)) {
    throw invalidArgValue(`options.${name}`, 'must not be given to sync', value)
  }
  checkText(owner, 'options.owner')
  if (!/^[\w-][\w.-]{0,99}$/.test(owner)) {
    throw invalidArgValue('options.owner', 'must be letters, digits, ".", "_" or "-"', owner)
  }
  flag(watch, 'options.watch')
  if (progress !== undefined && typeof progress !== 'function') {
    throw invalidArgType('options.progress', 'of type function', progress)
  }
  checkOneOf(running ?? 'keep', 'options.running', ['keep', 'unconfine'])
  return {
    owner,
    state: state === undefined ? '/var/lib/apparmor-sync' : readPath(state, 'options.state'),
    dryRun: flag(dryRun, 'options.dryRun'),
    running: (running ?? 'keep') as 'keep' | 'unconfine',
    adopt: flag(adopt, 'options.adopt'),
    allowed: readAllowed(allow),
    progress: progress as ReadSyncOptions['progress'],
    compiler,
  }
}

function flag(value: unknown, argument: string): boolean {
  if (value === undefined) return false
  if (typeof value !== 'boolean') throw invalidArgType(argument, 'of type boolean', value)
  return value
}

/** A file that has to be loaded, compiled. */
interface Fresh {
  readonly file: string
  readonly source: string
  readonly records: readonly BlobRecord[]
}

interface Named {
  readonly namespace: string | null
  readonly name: string
}

const keyOf = ({ namespace, name }: Named): string => qualifiedName(namespace, name)

/** One that takes long is told of late, and repeated when one of its files has a mistake. */
const LARGEST_BATCH = 16

/** In the place of a hash, on a kernel that keeps none. */
const NO_HASH = 'none'

class Sync {
  readonly #directory: string
  readonly #manifestFile: string
  readonly #options: ReadSyncOptions
  readonly #steps: SyncStep[] = []
  readonly #errors: { file: string; error: Error }[] = []
  /** what the files define that could be read */
  readonly #defined = new Set<string>()
  #manifest: Record<string, OwnedFile> = {}
  /** whether the manifest is another one than what is on the disk */
  #isNew = false
  #loaded: ReadonlyMap<string, LoadedProfile> = new Map()

  constructor(directory: string, manifestFile: string, options: ReadSyncOptions) {
    this.#directory = directory
    this.#manifestFile = manifestFile
    this.#options = options
  }

  async run(): Promise<SyncReport> {
    const files = policyFiles(this.#directory)
    this.#manifest = { ...readManifest(this.#manifestFile) }
    const loaded = await profiles()
    this.#loaded = new Map(loaded.map((one) => [keyOf(one), one]))

    const { fresh, unchanged } = await this.#compile(files)
    const put = await this.#put(parentsFirst(this.#withoutConflicts(fresh), loaded), loaded)
    for (const { file, records } of put) await this.#removeAllBut(file, records)
    for (const file of Object.keys(this.#manifest)) {
      if (!files.includes(file)) await this.#removeAllBut(file, [])
    }
    if (put.length > 0 && !this.#options.dryRun) await this.#confirm(put)
    this.#save()
    return Object.freeze({
      steps: Object.freeze(this.#steps),
      unchanged,
      errors: Object.freeze(this.#errors),
    })
  }

  async #compile(
    files: readonly string[],
  ): Promise<{ fresh: readonly Fresh[]; unchanged: number }> {
    const compiler = await this.#compilerId()
    const { include, base } = this.#options.compiler
    const memory = new Memory([...include, base])
    const seen: SeenFiles = new Map()
    let done = 0
    const tell = (file: string, outcome: SyncProgress['outcome']): void =>
      this.#options.progress?.({ file, outcome, done: ++done, total: files.length })
    const sources = new Map(files.map((file) => [file, this.#sourceOf(file, compiler, seen)]))
    const changed = files.filter((file) => !this.#isInForce(file, sources.get(file) as string))
    for (const file of files) {
      if (changed.includes(file)) continue
      this.#define(this.#owned(file))
      tell(file, 'unchanged')
    }
    const look = async (
      file: string,
      known?: readonly BlobRecord[],
    ): Promise<Fresh | undefined> => {
      let made: Fresh | undefined
      try {
        const source = sources.get(file) as string
        const records = known ?? (await this.#records(file))
        await this.#lint(file, memory)
        // What was read may be neither the old nor the new text.
        if (this.#sourceOf(file, compiler) !== source) throw changedMeanwhile(file)
        this.#define(records)
        made = { file, source, records }
      } catch (error) {
        this.#fail(file, error)
      }
      tell(file, made ? 'compiled' : 'failed')
      return made
    }
    const made = await Promise.all(
      this.#batches(changed).map(async (batch) => {
        const known = await this.#together(batch)
        return Promise.all(batch.map((file, i) => look(file, known?.[i])))
      }),
    )
    this.#options.compiler.signal?.throwIfAborted()
    const fresh = made.flat().filter((one) => one !== undefined)
    return { fresh, unchanged: files.length - changed.length }
  }

  /** Files to be compiled by one process each time. */
  #batches(files: readonly string[]): readonly (readonly string[])[] {
    const processors = builtin('node:os').availableParallelism()
    const size = Math.min(LARGEST_BATCH, Math.ceil(files.length / processors))
    const count = Math.ceil(files.length / size) || 0
    return Array.from({ length: count }, (_, i) => files.slice(i * size, (i + 1) * size))
  }

  /** What the files of a batch make; nothing when each has to be compiled for itself. */
  async #together(
    batch: readonly string[],
  ): Promise<readonly (readonly BlobRecord[])[] | null | undefined> {
    const { compiler } = this.#options
    if (batch.length < 2 || compiler.cache !== undefined) return undefined
    try {
      const files = batch.map((file) => path.join(this.#directory, file))
      return await compileTogether(files, compiler)
    } catch {
      return undefined // each for itself has a reason of its own
    }
  }

  async #compilerId(): Promise<string> {
    const { compiler, allowed } = this.#options
    return [await compilerId(compiler), ...[...allowed].sort()].join('+')
  }

  #define(profiles: readonly Named[]): void {
    for (const profile of profiles) this.#defined.add(keyOf(profile))
  }

  async #records(file: string): Promise<readonly BlobRecord[]> {
    const input = { file: path.join(this.#directory, file) }
    const { compiled, diagnostics } = await attempt(input, this.#options.compiler)
    if (compiled === null) throw new PolicyCompileError(diagnostics)
    return readBlob(compiled.binary)
  }

  async #lint(file: string, memory: Memory): Promise<void> {
    const input = { file: path.join(this.#directory, file) }
    refuseDangerous(await lintInput(input, this.#options.compiler, memory), this.#options.allowed)
  }

  #sourceOf(file: string, compiler: string, seen?: SeenFiles): string {
    return sourceId(path.join(this.#directory, file), compiler, this.#options.compiler, seen)
  }

  #owned(file: string): readonly OwnedProfile[] {
    return this.#manifest[file]?.profiles ?? []
  }

  /** Whether the kernel holds what the file made the last time, and nothing about the file has changed. */
  #isInForce(file: string, source: string): boolean {
    if (this.#manifest[file]?.source !== source) return false
    return this.#owned(file).every((profile) => {
      const there = this.#loaded.get(keyOf(profile))
      return there !== undefined && (there.hash ?? NO_HASH) === profile.hash
    })
  }

  /** Without the files that define what another file does, or what somebody else has loaded. */
  #withoutConflicts(fresh: readonly Fresh[]): readonly Fresh[] {
    const owned = new Set(
      Object.values(this.#manifest).flatMap(({ profiles }) => profiles.map(keyOf)),
    )
    const takers = new Map<string, string>()
    return fresh.filter(({ file, records }) => {
      const keys = records.map(keyOf)
      const twice = keys.find((key) => (takers.get(key) ?? file) !== file)
      const foreign = keys.find((key) => this.#loaded.has(key) && !owned.has(key))
      if (twice !== undefined) {
        this.#fail(file, conflict(twice, file, `${takers.get(twice)} defines it, too`))
      } else if (foreign !== undefined && !this.#options.adopt) {
        this.#fail(file, conflict(foreign, file, 'it was not loaded by this owner'))
      } else {
        for (const key of keys) takers.set(key, file)
        return true
      }
      return false
    })
  }

  /** Loads what files have made; those that the kernel has taken. */
  async #put(fresh: readonly Fresh[], loaded: readonly LoadedProfile[]): Promise<readonly Fresh[]> {
    const planned: Named[] = [...loaded]
    const good = await this.#each(fresh, ({ file, records }) => {
      for (const set of splitRecords(records)) refuseHarmful(set, planned)
      planned.push(...records)
      // First it is written down who owns them: an interrupted run leaves nothing without an owner.
      const names = records.map(({ namespace, name }) => ({ namespace, name, hash: null }))
      this.#note(file, null, [...names, ...without(this.#owned(file), names)])
    })
    this.#save()
    const there: Named[] = [...loaded]
    return this.#each(good, async ({ file, records }) => {
      const sets = splitRecords(records)
      // Once more: the kernel may have refused the file with its parent.
      for (const set of sets) refuseHarmful(set, there)
      if (!this.#options.dryRun) await putSets('replace', sets, there)
      there.push(...records)
      for (const record of records) {
        const profile = keyOf(record)
        this.#step(this.#loaded.has(profile) ? 'replace' : 'load', profile, file)
      }
    })
  }

  /** Does something for each file; those for which it did not fail. */
  async #each(
    fresh: readonly Fresh[],
    work: (one: Fresh) => void | Promise<void>,
  ): Promise<readonly Fresh[]> {
    const done: Fresh[] = []
    for (const one of fresh) {
      try {
        await work(one)
        done.push(one)
      } catch (error) {
        this.#fail(one.file, error)
      }
    }
    return done
  }

  /** Notes what the kernel holds of the files that were loaded. */
  async #confirm(put: readonly Fresh[]): Promise<void> {
    const there = new Map((await profiles()).map((one) => [keyOf(one), one.hash]))
    for (const { file, source, records } of put) {
      const now = records.map((record) => ({
        namespace: record.namespace,
        name: record.name,
        hash: agreed(record, there.get(keyOf(record)) ?? null),
      }))
      this.#note(file, source, [...now, ...without(this.#owned(file), now)])
    }
  }

  /** Removes the profiles of a file but those that it still defines. */
  async #removeAllBut(file: string, still: readonly Named[]): Promise<void> {
    const gone = without(this.#owned(file), still)
    const left: OwnedProfile[] = []
    // Children first: a parent would take them along.
    for (const one of gone.toSorted((a, b) => b.name.length - a.name.length)) {
      const profile = keyOf(one)
      if (!this.#loaded.has(profile) || this.#defined.has(profile)) continue
      try {
        const removed = await this.#remove(profile)
        this.#step(removed ? 'remove' : 'keep', profile, file)
        if (!removed) left.push(one)
      } catch (error) {
        this.#fail(file, error)
        left.push(one)
      }
    }
    const kept = this.#owned(file).filter((one) => !gone.includes(one))
    const source = this.#manifest[file]?.source ?? null
    this.#note(file, still.length > 0 ? source : null, [...kept, ...left])
  }

  /** Whether it is gone, or would be. */
  async #remove(profile: string): Promise<boolean> {
    // A file that could not be read may define it.
    if (this.#errors.length > 0) return false
    const unconfine = this.#options.running === 'unconfine'
    if (!unconfine && (await processesUnder([profile])).length > 0) return false
    if (this.#options.dryRun) return true
    try {
      await remove({ profile }, { running: unconfine ? 'unconfine' : 'refuse' })
      return true
    } catch (error) {
      const code = error instanceof AppArmorError ? error.code : ''
      if (code === 'ERR_APPARMOR_PROFILE_IN_USE') return false
      if (code === 'ENOENT') return true
      throw error
    }
  }

  #step(action: SyncStep['action'], profile: string, file: string): void {
    this.#steps.push(Object.freeze({ action, profile, file }))
  }

  #note(file: string, source: string | null, profiles: readonly OwnedProfile[]): void {
    if (source === null && profiles.length === 0) delete this.#manifest[file]
    else this.#manifest[file] = { source, profiles }
    this.#isNew = true
  }

  #save(): void {
    if (this.#isNew && !this.#options.dryRun) writeManifest(this.#manifestFile, this.#manifest)
    this.#isNew = false
  }

  #fail(file: string, error: unknown): void {
    this.#errors.push(Object.freeze({ file, error: error as Error }))
  }
}

function without<T extends Named>(from: readonly T[], others: readonly Named[]): readonly T[] {
  const keys = new Set(others.map(keyOf))
  return from.filter((one) => !keys.has(keyOf(one)))
}

// The kernel's hash, if it is the record's: else somebody has loaded another policy meanwhile.
function agreed(record: BlobRecord, hash: string | null): string | null {
  if (hash === null) return NO_HASH
  return hasHash(record, hash) ? hash : null
}

/** What the kernel takes only after another one: a child behind its parent. */
function parentsFirst(fresh: readonly Fresh[], loaded: readonly Named[]): readonly Fresh[] {
  const there = new Set(loaded.map(keyOf))
  const left = [...fresh]
  const ordered: Fresh[] = []
  while (left.length > 0) {
    const ready = left.findIndex(({ records }) => {
      const own = new Set(records.map(keyOf))
      return records.map(parentOf).every((key) => !key || own.has(key) || there.has(key))
    })
    // Without its parent it is refused, like others whose parent is nowhere.
    const [next] = left.splice(Math.max(ready, 0), 1) as [Fresh]
    for (const record of next.records) there.add(keyOf(record))
    ordered.push(next)
  }
  return ordered
}

function parentOf({ namespace, name }: Named): string | undefined {
  const end = name.lastIndexOf('//')
  return end < 0 ? undefined : keyOf({ namespace, name: name.slice(0, end) })
}

function conflict(profile: string, file: string, detail: string): AppArmorError {
  return new AppArmorError({ code: 'ERR_APPARMOR_SYNC_CONFLICT', profile, path: file, detail })
}

function changedMeanwhile(file: string): AppArmorError {
  return new AppArmorError({ code: 'ERR_APPARMOR_SYNC_CHANGED', path: file })
}
