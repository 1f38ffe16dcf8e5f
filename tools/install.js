// npm's install step of the published package: nothing to do off Linux or where a prebuilt binary loads;
// otherwise a build from source, and a clear word when that is not possible.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { buildNative } from './build-native.js'

const HELP = `apparmor: no prebuilt binary fits this machine and none could be built here.
What a build needs:
  Debian, Ubuntu  apt install g++ make python3 pkg-config libapparmor-dev
  Fedora          dnf install gcc-c++ make python3 pkgconf libapparmor-devel
  openSUSE        zypper install gcc-c++ make python3 pkgconf libapparmor-devel
  Arch            pacman -S base-devel python apparmor
  Alpine          apk add g++ make python3 pkgconf libapparmor-dev
Then: npm rebuild apparmor --build-from-source
`

function loads() {
  try {
    createRequire(import.meta.url)('node-gyp-build')(fileURLToPath(new URL('..', import.meta.url)))
    return true
  } catch {
    return false
  }
}

const fromSource = process.env.npm_config_build_from_source === 'true'
if (process.platform === 'linux' && (fromSource || !loads()) && !buildNative()) {
  process.stderr.write(HELP)
  process.exitCode = 1
}
