// Copies node-addon-api's headers and its licence to include/node-addon-api/: what npm publishes, so that the
// addon can be built from the package alone. The package depends on nothing for a build.
import { cpSync, rmSync } from 'node:fs'

const TO = 'include/node-addon-api'

rmSync(TO, { recursive: true, force: true })
for (const file of ['napi.h', 'napi-inl.h', 'LICENSE.md']) {
  cpSync(`node_modules/node-addon-api/${file}`, `${TO}/${file}`)
}
