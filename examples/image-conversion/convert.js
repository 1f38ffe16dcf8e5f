// Has each image converted by a child that may read uploads, write results, and do nothing else.
import { readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { confined } from 'apparmor/child_process'

const execFile = promisify(confined({ profile: 'gray' }).execFile)
const work = '/tmp/image-conversion'
mkdirSync(work, { recursive: true })

const uploads = {
  honest: 'P3 2 1 255\n255 0 0  0 0 255\n',
  hostile: 'P3 1 1 255\n# include /etc/shadow\n0 0 0\n',
}
for (const [name, image] of Object.entries(uploads)) {
  const [input, output] = [join(work, `${name}.ppm`), join(work, `${name}.pgm`)]
  writeFileSync(input, image)
  try {
    const { stdout } = await execFile(process.execPath, [
      join(import.meta.dirname, 'gray.js'),
      input,
      output,
    ])
    console.log(`${name}:`, stdout || readFileSync(output, 'utf8').trim())
  } catch (error) {
    console.log(`${name}: refused`, /EACCES[^'\n]*'[^']*'/.exec(error.stderr)?.[0])
  }
}
rmSync(work, { recursive: true })
