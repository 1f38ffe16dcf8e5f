#include "../core/attr.h"
#include "../core/labels.h"
#include "../core/peer.h"
#include "../core/processes.h"
#include "exports.h"
#include "task.h"

namespace apparmor::node {

// readAttr(name: 'current' | 'exec' | 'prev')
napi_value readOwnAttr(Call& call) {
  const std::string name = call.bytes(0);
  if (call.wrong()) return nullptr;
  if (name == "current") return answer(call, readAttr(Attr::current, "aa_getcon"));
  return answer(call, readAttr(name == "exec" ? Attr::exec : Attr::prev, "aa_getprocattr"));
}

// readTask(pid)
napi_value readTaskLabel(Call& call) {
  const pid_t pid = call.integer(0);
  return call.wrong() ? nullptr : answer(call, taskLabel(pid));
}

// listThreads(pid) → [{ tid, name, label }]
napi_value listThreadLabels(Call& call) {
  napi_env env = call.env();
  const pid_t pid = call.integer(0);
  if (call.wrong()) return nullptr;
  const auto threads = threadLabels(pid);
  if (!threads) return fail(env, threads.failure());
  return toList(env, *threads, [&](const ThreadLabel& thread) {
    return toObject(env, {{"tid", toValue(env, thread.tid)},
                          {"name", toValue(env, thread.name)},
                          {"label", toValue(env, thread.label)}});
  });
}

// readPeer(fd)
napi_value readPeerLabel(Call& call) {
  const int fd = call.integer(0);
  return call.wrong() ? nullptr : answer(call, peerLabel(fd));
}

// runningProcesses(pids) → promise of rows (core/processes.h)
napi_value listProcesses(Call& call) {
  auto pids = call.integers(0);
  if (call.wrong()) return nullptr;
  return startTask(call.env(), [pids = std::move(pids)] { return runningProcesses(pids); });
}

}  // namespace apparmor::node
