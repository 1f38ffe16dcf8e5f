import { containerOf } from 'apparmor'
import t from 'tap'
import { containerIn } from '#lib/inspect/container.js'

const ID = '0123456789abcdef'.repeat(4)
const OTHER = 'f'.repeat(64)
const POD = 'pod01234567-89ab-cdef-0123-456789abcdef'

const GROUPS: readonly (readonly [string, string, string, string?])[] = [
  ['Docker with systemd', `0::/system.slice/docker-${ID}.scope`, 'docker'],
  ['Docker without', `0::/docker/${ID}`, 'docker'],
  ['version 1', `12:pids:/docker/${ID}\n11:cpu,cpuacct:/docker/${ID}\n0::/`, 'docker'],
  ['Podman', `0::/machine.slice/libpod-${ID}.scope/container`, 'podman'],
  ['Podman without systemd', `0::/libpod_parent/libpod-${ID}`, 'podman'],
  [
    'rootless Podman',
    `0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container`,
    'podman',
  ],
  ['Buildah', `0::/machine.slice/buildah-${ID}.scope`, 'buildah'],
  [
    'containerd under Kubernetes',
    `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-${ID}.scope`,
    'containerd',
  ],
  ['CRI-O', `0::/kubepods.slice/kubepods-pod1.slice/crio-${ID}.scope`, 'cri-o'],
  ['Kubernetes without systemd', `0::/kubepods/burstable/${POD}/${ID}`, 'kubernetes'],
  ['LXC', '0::/lxc.payload.web-1/init.scope', 'lxc', 'web-1'],
  ['LXC, version 1', '1:name=systemd:/lxc/web-1', 'lxc', 'web-1'],
  ['nspawn', '0::/machine.slice/systemd-nspawn@web.service/payload', 'systemd-nspawn', 'web'],
  ['nested: the inner one', `0::/docker/${OTHER}/docker/${ID}`, 'docker'],
]

for (const [title, groups, engine, id = ID] of GROUPS) {
  t.test(title, async (t) => t.strictSame(containerIn(`${groups}\n`), { engine, id }))
}

t.test('what is no container is none', async (t) => {
  const none = [
    '',
    '0::/',
    '0::/init.scope',
    '0::/user.slice/user-1000.slice/session-1.scope',
    '0::/system.slice/docker.service',
    `0::/docker/${ID.slice(1)}`,
    `0::/docker/${ID}0`,
    `0::/docker/${ID.toUpperCase()}`,
    `0::/${ID}`,
    `0::/system.slice/docker-${ID}.scope.service`,
    `0::/system.slice/x-docker-${ID}.scope`,
    '0::/lxc.payload.a\u001b[31m',
    `0::${'/lxc.payload.'.repeat(10_000)}`,
  ]
  for (const groups of none) t.equal(containerIn(groups), null, JSON.stringify(groups.slice(0, 80)))
})

t.test('a process that has ended, and bad arguments', async (t) => {
  t.equal(await containerOf(0x7fff_ffff), null)
  for (const bad of [undefined, '1', 0, -1, 1.5] as any[]) {
    await t.rejects(containerOf(bad), { code: /^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/ })
  }
})
