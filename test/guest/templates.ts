// Templates of policy under the version of Node.js that is named: says "ok" and its version, or what is wrong.
// With the path of npm's program `npm run` is tried, too.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { NodeTemplate } from '../support/node_template.ts'
import { REFUSED } from '../support/node_template_acts.ts'

const [, , node = process.execPath, npm] = process.argv
const template = new NodeTemplate(node)
const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
try {
  assert.deepEqual(await template.acts(), REFUSED)
  for (const [task, options] of template.tasks()) {
    const name = `${version} ${task[0]}`
    assert.match(await template.alone(task, options), /^ok$/m, name)
    if (Object.keys(options).length > 0) {
      assert.doesNotMatch(await template.alone(task, {}), /^ok$/m, `${name} without its options`)
    }
  }
  assert.match(await template.inspect(), /^ok$/m, `${version} --inspect`)
  if (npm) assert.match(await template.npm(npm), /^hello$/m, `${version} npm run`)
  console.log(`ok: Node ${version}`)
} finally {
  template.end()
}
