/** What a block of rules means, without the block. */
import type { Item } from '../edit.ts'
import { Glob } from '../pattern.ts'
import type { Block } from '../rules/block.ts'
import type { FileQualifiers } from '../qualifiers.ts'
import type { Rule } from '../rules/index.ts'

/** The rules that say what a block is meant to say; nothing where that is not clear. */
export function flatten(block: Block): readonly Rule[] | undefined {
  const rules: Rule[] = []
  for (const rule of block.rules) {
    const made = outside(rule, block)
    if (!made) return undefined
    rules.push(...made)
  }
  return rules
}

function outside(rule: Rule, block: Block): readonly Rule[] | undefined {
  const { audit, access, owner } = block
  const isBare = audit === undefined && access === undefined && owner === undefined
  switch (rule.kind) {
    case 'blank':
    case 'comment':
      return [rule]
    case 'block': {
      const both = qualify(rule, block)
      return both && flatten({ ...both, kind: 'block', rules: rule.rules })
    }
    case 'file': {
      const both = qualify(rule, block)
      if (!both) return undefined
      if (both.access !== 'deny' || rule.access === 'deny') return [{ ...rule, ...both }]
      const { exec, target: _, environment: __, ...rest } = rule
      const path = rule.path ?? new Glob('/{**,}')
      return [{ ...rest, ...both, path, ...(exec !== undefined && { exec: 'x' as const }) }]
    }
    case 'link': {
      const both = qualify(rule, block)
      return both && [{ ...rule, ...both }]
    }
    // Nothing can stand before these.
    case 'rlimit':
    case 'profile':
    case 'hat':
    case 'abi':
      return access === 'deny' ? undefined : [{ ...rule }]
    case 'include':
    case 'if':
      return isBare ? [rule] : undefined
    default: {
      if (owner !== undefined) return undefined
      const both = qualify(rule, block)
      return both && [{ ...rule, ...both } as Rule]
    }
  }
}

/** The words before a rule, with those of the block around it; nothing where they contradict each other. */
function qualify(
  rule: FileQualifiers,
  block: Omit<FileQualifiers, 'priority'>,
): Omit<FileQualifiers, 'priority'> | undefined {
  if (rule.owner !== undefined && block.owner !== undefined && rule.owner !== block.owner) {
    return undefined
  }
  const denied = rule.access === 'deny' || block.access === 'deny'
  const access = denied ? 'deny' : (rule.access ?? block.access)
  const owner = rule.owner ?? block.owner
  return {
    ...((rule.audit || block.audit) && { audit: true }),
    ...(access && { access }),
    ...(owner !== undefined && { owner }),
  }
}

/** The outermost of the blocks around a rule, and what it means without itself. */
export function withoutBlocks(
  parents: readonly Item[],
): { readonly target: Block; readonly replacement: readonly Rule[] } | undefined {
  const target = parents.find((parent) => parent.kind === 'block')
  if (!target) return undefined
  const replacement = known.get(target) ?? flatten(target)
  if (!replacement) return undefined
  known.set(target, replacement)
  return { target, replacement }
}

const known = new WeakMap<Block, readonly Rule[]>()
