// npm run demo: the story of a container process under AppArmor, told by a real kernel.
// npm run demo:container: the same on real container engines.
import { release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { paint } from './demo/paint.js'
import { chooseKernel, runUnderAppArmor } from './kernel.js'

const [name = 'story'] = process.argv.slice(2)
const story = fileURLToPath(new URL(`demo/${name}.js`, import.meta.url))

// The guest's streams are pipes: whether the reader sees colours is known here only.
const { FORCE_COLOR, NO_COLOR, ...env } = process.env
const colours = paint.coloured ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }

try {
  const place =
    chooseKernel() === 'host'
      ? `on this machine's own kernel, Linux ${release()}`
      : 'in a guest: a Linux kernel of its own, run as an ordinary program'
  console.log(paint.dim(`AppArmor, live ${place}.`))
  process.exitCode = await runUnderAppArmor([process.execPath, story], {
    env: { ...env, ...colours },
    timeout: 300,
  })
} catch (error) {
  console.error(`demo: ${error.message}`)
  process.exitCode = 1
}
