#include "../core/direct/attr.h"
#include "../core/direct/labels.h"
#include "../core/direct/peer.h"
#include "../core/direct/processes.h"
#include "../core/library.h"
#include "arguments.h"
#include "exports.h"
#include "task.h"
#include "values.h"

namespace apparmor::node {

// readAttr(name: 'current' | 'exec' | 'prev')
Napi::Value readOwnAttr(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::string name = arguments.bytes(0);
  if (arguments.wrong()) return {};
  const Attr attr = name == "current" ? Attr::current : name == "exec" ? Attr::exec : Attr::prev;
  return answer(info.Env(), ownAttr(attr));
}

// readTask(pid)
Napi::Value readTaskLabel(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const pid_t pid = arguments.integer(0);
  if (arguments.wrong()) return {};
  return answer(info.Env(), taskLabel(pid));
}

// listThreads(pid) → [{ tid, name, label }]
Napi::Value listThreadLabels(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  const pid_t pid = arguments.integer(0);
  if (arguments.wrong()) return {};
  const auto threads = threadLabels(pid);
  if (!threads) return fail(env, threads.failure());
  auto list = Napi::Array::New(env, threads->size());
  uint32_t index = 0;
  for (const ThreadLabel& thread : *threads) {
    auto object = Napi::Object::New(env);
    object.Set("tid", thread.tid);
    object.Set("name", toValue(env, thread.name));
    object.Set("label", toValue(env, thread.label));
    list.Set(index++, object);
  }
  return list;
}

// readPeer(fd)
Napi::Value readPeerLabel(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int fd = arguments.integer(0);
  if (arguments.wrong()) return {};
  return answer(info.Env(), peerLabel(fd));
}

// runningProcesses(pids) → promise of rows (core/processes.h)
Napi::Value listProcesses(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  auto pids = arguments.integers(0);
  if (arguments.wrong()) return {};
  return startTask(info.Env(), [pids = std::move(pids)] { return runningProcesses(pids); });
}

}  // namespace apparmor::node
