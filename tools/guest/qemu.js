// A machine with two processors: Debian's stock kernel in QEMU, all of it emulated. Slow, but its
// threads really run at the same time, which those of a user-mode kernel never do.
import { readFileSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'

export const PROGRAM = '/usr/bin/qemu-system-x86_64'
const CPUS = 2

/**
 * @typedef {object} Machine
 * @property {string} image the kernel
 * @property {string} initramfs
 * @property {string} init what to run as PID 1, once the host's files are the root file system
 * @property {readonly string[]} shares directories whose writes reach the host: the tags share0, share1, …
 * @property {string} memory
 * @property {string} lsm
 * @property {readonly string[]} append further kernel parameters
 */

/**
 * The command line. The kernel's messages go to stdout, and virtio ports 1 to 3 to the sockets with
 * the descriptors 3 to 5.
 *
 * @param {Machine} machine
 */
export function qemuCommand({ image, initramfs, init, shares, memory, lsm, append }) {
  const parameters = [
    'console=ttyS0',
    'loglevel=4',
    'log_buf_len=4M',
    'panic=-1',
    'mitigations=off',
    `lsm=${lsm}`,
    `guest_init="${init}"`,
    ...append,
  ]
  const share = (/** @type {string} */ tag, /** @type {string} */ path, access = '') => [
    '-fsdev',
    `local,id=${tag},path=${path.replaceAll(',', ',,')},security_model=none,multidevs=remap${access}`,
    '-device',
    `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
  ]
  const port = (/** @type {number} */ number) => [
    '-chardev',
    `socket,id=port${number},fd=${number + 2}`,
    '-device',
    `virtserialport,chardev=port${number},nr=${number}`,
  ]
  const machine = `-machine q35 -accel tcg,thread=multi -cpu max -smp ${CPUS} -m ${memory}`
  const nothingElse = '-nodefaults -no-user-config -no-reboot -display none'
  const log = '-chardev stdio,id=log,signal=off -serial chardev:log'
  return [
    PROGRAM,
    ...`${machine} ${nothingElse} ${log}`.split(' '),
    '-kernel',
    image,
    '-initrd',
    initramfs,
    '-append',
    parameters.join(' '),
    '-device', // before the other virtio devices: its ports are named after its place, vport0p1, …
    'virtio-serial-pci',
    ...[1, 2, 3].flatMap(port),
    ...share('root', '/', ',readonly=on'),
    ...shares.flatMap((path, index) => share(`share${index}`, path)),
  ]
}

const MODULES = ['virtio_pci', 'virtio_console', '9pnet_virtio', '9p', 'overlay']

// The ports appear some time after their driver is loaded. guest_init is a kernel parameter.
const START = `#!/bin/busybox sh
for module in /modules/*; do
  /bin/busybox insmod $module
done
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose root /root
until [ -e /dev/vport0p3 ]; do
  /bin/busybox sleep 0.1
done
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root "$guest_init"
`

/**
 * What the kernel starts with: it mounts the host's files and goes on from there.
 *
 * @param {string} modules the directory of the kernel's modules
 * @param {string} busybox a static one
 */
export function makeInitramfs(modules, busybox) {
  const directories = ['bin', 'dev', 'modules', 'root'].map((name) => file(name, 0o40755))
  const drivers = inOrder(modules).map((path, index) =>
    file(
      `modules/${String(index).padStart(2, '0')}-${basename(path)}`,
      0o100644,
      readFileSync(path),
    ),
  )
  return gzipSync(
    Buffer.concat([
      ...directories,
      ...drivers,
      file('bin/busybox', 0o100755, readFileSync(busybox)),
      file('init', 0o100755, START),
      file('TRAILER!!!', 0),
    ]),
  )
}

/**
 * The modules' files, each after those that it depends on.
 *
 * @param {string} directory
 */
function inOrder(directory) {
  const files = new Map(
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ko'))
      .map((path) => [basename(path, '.ko').replaceAll('-', '_'), join(directory, path)]),
  )
  /** @type {Set<string>} */
  const paths = new Set()
  const add = (/** @type {string} */ name) => {
    const path = files.get(name.replaceAll('-', '_'))
    if (!path) return // built in
    const depends = /\0depends=([^\0]*)\0/.exec(readFileSync(path, 'latin1'))?.[1] ?? ''
    depends.split(',').filter(Boolean).forEach(add)
    paths.add(path)
  }
  MODULES.forEach(add)
  return [...paths]
}

/**
 * One entry of a cpio archive, in the form "newc".
 *
 * @param {string} name
 * @param {number} mode
 * @param {string | Uint8Array} [data]
 */
function file(name, mode, data = '') {
  const content = Buffer.from(data)
  const fields = [0, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0]
  const header = `070701${fields.map((n) => n.toString(16).padStart(8, '0')).join('')}${name}\0`
  const padding = (/** @type {number} */ size) => Buffer.alloc(-size & 3)
  return Buffer.concat([
    Buffer.from(header),
    padding(header.length),
    content,
    padding(content.length),
  ])
}
