import { worldOf } from '../decide.ts'
import { patternText, type Pattern } from '../pattern.ts'
import type { Hat, Profile } from '../rules/profile.ts'
import { byteLength, toWhole } from './text.ts'
import { vanishesInBlock } from './blocks.ts'
import { ofKind, type Finding, type Lint, type Subject } from './finding.ts'
import type { Site } from './walk.ts'

/** The profiles that exist, by the name that the kernel gets: variables replaced, no blanks at the end. */
function named(subject: Subject): readonly (readonly [string, Site<Profile | Hat>])[] {
  const world = worldOf(subject.policy)
  return ofKind(subject, 'profile', 'hat')
    .filter((site) => !vanishesInBlock(site))
    .map((site) => [toWhole(world, site.profile ?? '').trimEnd(), site])
}

export const duplicateName: Lint<'duplicate-profile-name'> = {
  code: 'duplicate-profile-name',
  severity: 'error',
  dangerous: true,
  *find(subject: Subject): Iterable<Finding> {
    const names = new Set<string>()
    for (const [name, site] of named(subject)) {
      if (names.has(name)) {
        yield {
          site,
          message: `a second profile is called "${name}": Linux 6.1 to 7.2 crash when they replace such a policy`,
        }
      }
      names.add(name)
    }
  },
}

// The most bytes that the kernel has for a part of a name.
const MOST = 253

export const impossibleName: Lint<'profile-name-impossible'> = {
  code: 'profile-name-impossible',
  severity: 'error',
  dangerous: true,
  *find(subject: Subject): Iterable<Finding> {
    for (const [name, site] of named(subject)) {
      const parts = name.replace(/^:[^:]*:(?:\/\/)?/, '').split('//')
      const fault = parts.some((part) => part.trim() === '')
        ? 'a part of the name is empty'
        : parts.some((part) => byteLength(part) > MOST)
          ? `a part of the name is longer than ${MOST} bytes`
          : undefined
      if (fault === undefined) continue
      yield {
        site,
        message: `the kernel refuses a profile of this name, and Linux 6.12 and newer refuse every new policy afterwards: ${fault}`,
      }
    }
  },
}

export const missingParent: Lint<'profile-parent-missing'> = {
  code: 'profile-parent-missing',
  severity: 'warning',
  dangerous: false,
  *find(subject: Subject): Iterable<Finding> {
    const all = named(subject)
    const names = new Set(all.map(([name]) => name))
    for (const [name, site] of all) {
      const end = name.lastIndexOf('//')
      if (site.inside !== null || end <= 0 || /^:[^:]*:$/.test(name.slice(0, end))) continue
      if (names.has(name.slice(0, end))) continue
      yield {
        site,
        message: `"${name}" is a child of "${name.slice(0, end)}", which this policy does not define: the kernel refuses it unless that profile is loaded`,
      }
    }
  },
}

export const nameOfValues: Lint<'profile-name-values'> = {
  code: 'profile-name-values',
  severity: 'warning',
  dangerous: false,
  *find(subject: Subject): Iterable<Finding> {
    const { variables } = worldOf(subject.policy)
    for (const site of ofKind(subject, 'profile', 'hat')) {
      const used = Array.from(String(site.rule.name).matchAll(/@\{(\w+)\}/g), ([, name]) => name)
      const several = used.find((name) => (variables.get(name ?? '')?.length ?? 1) > 1)
      if (several === undefined) continue
      yield {
        site,
        message: `"@{${several}}" has several values: this is one profile, and its name is all of them in braces`,
      }
    }
  },
}

export const sameAttachment: Lint<'attachment-conflict'> = {
  code: 'attachment-conflict',
  severity: 'error',
  dangerous: true,
  *find(subject: Subject): Iterable<Finding> {
    const world = worldOf(subject.policy)
    const seen = new Map<string, string>()
    for (const site of ofKind(subject, 'profile')) {
      const { rule, inside, profile } = site
      const attachment = rule.attachment ?? ownPath(rule.name)
      if (attachment === undefined || inside !== null) continue
      const text = world.expand(attachment, String(rule.name)) ?? patternText(attachment)
      const key = JSON.stringify([rule.namespace, text, rule.xattrs?.length ?? 0])
      const other = seen.get(key)
      if (other !== undefined && other !== profile) {
        yield {
          site,
          message: `programs at "${text}" run under neither profile: "${other}" is attached to the same path, and the kernel attaches none of two that fit equally well`,
        }
      }
      seen.set(key, profile ?? '')
    }
  },
}

const ownPath = (name: Pattern): Pattern | undefined =>
  String(name).startsWith('/') ? name : undefined

export const childMode: Lint<'child-mode'> = {
  code: 'child-mode',
  severity: 'warning',
  dangerous: false,
  *find(subject: Subject): Iterable<Finding> {
    for (const site of ofKind(subject, 'profile', 'hat')) {
      const { rule, inside } = site
      if (!inside?.flags?.includes('complain') || rule.flags?.some(isMode)) continue
      yield {
        site,
        message:
          'this child profile enforces, although its parent only complains: flags are not inherited',
      }
    }
  },
}

const isMode = (flag: string): boolean =>
  ['enforce', 'complain', 'kill', 'unconfined', 'prompt', 'default_allow'].includes(flag)
