// The addon's sources and flags as binding.gyp has them, so that they are written down once.
import { run } from './programs.js'

// A .gyp file is a Python literal; node-gyp needs Python as well.
const READ = 'import ast, json, sys; print(json.dumps(ast.literal_eval(open(sys.argv[1]).read())))'

/**
 * @param {string} file
 * @returns {Promise<{ sources: string[], defines: string[], cflags: string[], cflags_cc: string[], ldflags: string[] }>}
 */
export async function readGyp(file) {
  const [target] = JSON.parse(await run('python3', ['-c', READ, file])).targets
  // "<!" runs a command: where the system's libapparmor is, which is not asked here
  const plain = (/** @type {string[]} */ list) => list.filter((value) => !value.startsWith('<!'))
  const { sources, defines, cflags, cflags_cc, ldflags } = target
  return {
    sources,
    defines,
    cflags: plain(cflags),
    cflags_cc: plain(cflags_cc),
    ldflags: plain(ldflags),
  }
}
