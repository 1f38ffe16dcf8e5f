/** Argument checks, made before any system call, with Node's error codes. */
import { invalidArgType, invalidArgValue, outOfRange } from './invalid.ts'
import { nameFault } from './name.ts'

// The kernel takes one page for a request and reads a longer one cut short: as another name.
const PAGE = 4096

// Lone surrogates U+DC80…U+DCFF stand for bytes that are not UTF-8 (docs/errors.md); all others for nothing.
const UNENCODABLE = /[\ud800-\udc7f\udd00-\udfff]/u
const ESCAPED_BYTE = /[\udc80-\udcff]/gu

// Nothing that could name a hat.
const NAMELESS = /^[:&\t\v\f\r \udca0]*$/u

/** The length of a kernel string in bytes. */
export function byteLength(text: string): number {
  // Buffer counts three bytes for each lone surrogate.
  return Buffer.byteLength(text) - 2 * (text.match(ESCAPED_BYTE)?.length ?? 0)
}

/**
 * The name of a profile, or of a stack of them, as the kernel's attributes take it: every part of it is named.
 * @param command the kernel's word before the name: `'changeprofile'`, `'exec'`, …
 */
export function checkProfile(
  value: unknown,
  argument: string,
  command: string,
): asserts value is string {
  checkName(value, argument, command)
  const fault = nameFault(value)
  if (fault !== undefined) throw invalidArgValue(argument, fault, value)
}

/**
 * A name as the kernel's attributes take it.
 * @param command the kernel's word before the name: `'changehat'`, …
 */
export function checkName(
  value: unknown,
  argument: string,
  command: string,
): asserts value is string {
  checkLabel(value, argument)
  if (value.includes('\n')) throw invalidArgValue(argument, 'must not contain a newline', value)
  if (NAMELESS.test(value)) throw invalidArgValue(argument, 'must name a profile', value)
  const most = PAGE - command.length - 1
  const bytes = byteLength(value)
  if (bytes > most) throw outOfRange(argument, `at most ${most} bytes long`, `${bytes} bytes`)
}

/** A label: what the kernel prints or a query takes. No attribute, so any length and any end. */
export function checkLabel(value: unknown, argument: string): asserts value is string {
  checkBytes(value, argument)
  if (value === '') throw invalidArgValue(argument, 'must not be empty', value)
}

/** What a system call takes: bytes, and none of them 0. */
export function checkBytes(value: unknown, argument: string): asserts value is string {
  checkText(value, argument)
  if (UNENCODABLE.test(value)) {
    throw invalidArgValue(argument, 'must not contain lone surrogates', value)
  }
}

/** What a command line or an environment carries. */
export function checkText(value: unknown, argument: string): asserts value is string {
  if (typeof value !== 'string') throw invalidArgType(argument, 'of type string', value)
  if (value.includes('\0')) throw invalidArgValue(argument, 'must not contain null bytes', value)
}

/** A process id. */
export function checkPid(value: unknown, argument: string): asserts value is number {
  checkInteger(value, argument, 1, 0x7fffffff)
}

/** A whole number in a range, both ends included. */
export function checkInteger(
  value: unknown,
  argument: string,
  least: number,
  most: number,
): asserts value is number {
  if (typeof value !== 'number') throw invalidArgType(argument, 'of type number', value)
  if (!Number.isInteger(value)) throw outOfRange(argument, 'an integer', value)
  if (value < least || value > most) throw outOfRange(argument, `>= ${least} && <= ${most}`, value)
}

/** One of a few words. */
export function checkOneOf<T extends string>(
  value: unknown,
  argument: string,
  words: readonly T[],
): asserts value is T {
  if (!(words as readonly unknown[]).includes(value)) {
    const list = words.map((word) => `'${word}'`).join(', ')
    throw invalidArgValue(argument, `must be one of: ${list}`, value)
  }
}

/** An options object, or nothing. */
export function checkOptions(
  value: unknown,
  argument: string = 'options',
): asserts value is object | undefined {
  if (value === undefined) return
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidArgType(argument, 'of type object', value)
  }
}
