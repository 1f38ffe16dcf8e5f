import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Test } from 'tap'
import { find } from '#lib/cli/commands.js'

const ajv = new Ajv2020({
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
  formats: { 'date-time': true },
})

/** Holds what a command prints by `--json` to the schema that it documents. */
export async function matchesSchema(t: Test, command: string, value: unknown): Promise<void> {
  const { schema } = (await find(command)) ?? {}
  const validate = ajv.compile(schema ?? false) // once for each schema
  t.ok(validate(value), `${command}: ${ajv.errorsText(validate.errors)}`)
}
