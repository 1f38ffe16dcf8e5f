// Everything that goes into the binaries and is not in this repository or package-lock.json, by its bytes.
// The same bytes and the same clang make the same binaries. A new version is a new line here.

/** libapparmor, which is linked into the addon: upstream's release as it is in Debian's source package. */
export const LIBAPPARMOR = {
  version: '4.1.8',
  suite: 'forky',
  file: 'apparmor_4.1.8.orig.tar.gz',
  sha256: 'da2c03e18748513c413f06b580db4a499883da674e84e2cbb772719120f58253',
}

/** Headers and the libraries to link with: glibc is old, so that the addon runs with every newer one. */
export const PACKAGES = [
  {
    suite: 'bullseye',
    names: ['libc6', 'libc6-dev', 'libstdc++-10-dev', 'linux-libc-dev'],
    sha256: {
      'libc6_2.31-13+deb11u11_amd64.deb':
        '05f7264da867b37f4c5ce49266b558ea1e81e05a9464f623152fca70f3550282',
      'libc6_2.31-13+deb11u11_arm64.deb':
        'baaa9aa184e2f21738c5819055e6740cc5b22f198e3f416e33f82b40ff6933d8',
      'libc6-dev_2.31-13+deb11u11_amd64.deb':
        'e7f7b45d9c5cfcf37609f0b6efd3c645272c812144703af89dfd32218fcb0fd3',
      'libc6-dev_2.31-13+deb11u11_arm64.deb':
        '28d478134722dcd4b0bd2045a199301d18713bf95947b9fce66634e7aeacab2e',
      'libstdc++-10-dev_10.2.1-6_amd64.deb':
        '20b1f56863dcc5f187d6cb53b2aa6149bd013be4ec67e10c2c31a22fda619a01',
      'libstdc++-10-dev_10.2.1-6_arm64.deb':
        'cee7ca63613b50a8a51cc670db385c7e6d1181b72c94148fc8b7992e4570782d',
      'linux-libc-dev_5.10.223-1_amd64.deb':
        'e3be603bd12377bb90fcfb0f2048ca3a81c886e49d6f09945b82159d1c54f7b2',
      'linux-libc-dev_5.10.223-1_arm64.deb':
        '8b6374a64412d33eac61d74f77b8f932da4b8a707ea8a614791e2a35b8917618',
    },
  },
  {
    suite: 'bookworm',
    names: ['musl', 'musl-dev'],
    sha256: {
      'musl_1.2.3-1_amd64.deb': '4fc1e3d9b579f5c682ca99a4d45aec08d72a2e6b82b4c2e1bbcb7095466ae96d',
      'musl_1.2.3-1_arm64.deb': '6ccf2bf0f479b00411cb8e1eeb048e648718170db5d63bbb4bf4a89350b81468',
      'musl-dev_1.2.3-1_amd64.deb':
        '7c34f29a0c1aa12f6da1d25ed6de6fe6bbd9e048ee76b3dcb88c5e51fb65507f',
      'musl-dev_1.2.3-1_arm64.deb':
        '55c2ca4bc3041c8ed8ac7dc3ef6080d9551a21650568b2fd7610b59eaf98a4f4',
    },
  },
]
