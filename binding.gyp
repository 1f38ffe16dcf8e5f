{
  'targets': [
    {
      'target_name': 'apparmor',
      'sources': [
        'src/addon.cc',
        'src/core/attr.cc',
        'src/core/availability.cc',
        'src/core/broadcast.cc',
        'src/core/directory.cc',
        'src/core/exec.cc',
        'src/core/features.cc',
        'src/core/hat.cc',
        'src/core/labels.cc',
        'src/core/peer.cc',
        'src/core/policy.cc',
        'src/core/processes.cc',
        'src/core/query.cc',
        'src/core/revision.cc',
        'src/core/report.cc',
        'src/core/task_list.cc',
        'src/core/text.cc',
        'src/core/threads.cc',
        'src/core/trial.cc',
        'src/node/availability.cc',
        'src/node/guard.cc',
        'src/node/identity.cc',
        'src/node/policy.cc',
        'src/node/transitions.cc',
        'src/node/watch.cc',
      ],
      'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
      # …_SWALLOW_…: in a Worker that is being terminated nothing can be thrown; without it that is fatal.
      'defines': ['NAPI_VERSION=8', 'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS', '_GNU_SOURCE'],
      'cflags': ['<!@(pkg-config --cflags libapparmor)', '-Wall', '-Wextra', '-Wno-unused-parameter', '-fvisibility=hidden'],
      'cflags_cc!': ['-std=gnu++17', '-std=gnu++20'],
      'cflags_cc': ['-std=c++20', '-fno-exceptions', '-fno-rtti', '-fvisibility-inlines-hidden'],
      'libraries': ['<!@(pkg-config --libs libapparmor)'],
      # nodelete: a signal handler of ours stays installed, so the code must stay mapped when the last
      # Worker that loaded it has ended.
      'ldflags': ['-Wl,-z,nodelete', '-Wl,-z,relro', '-Wl,-z,now'],
    },
  ],
}
