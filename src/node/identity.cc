#include "../core/attr.h"
#include "../core/labels.h"
#include "../core/peer.h"
#include "../core/processes.h"
#include "exports.h"
#include "guard.h"
#include "task.h"

namespace apparmor::node {

Napi::Value readOwnAttr(const Napi::CallbackInfo& info) {
  const auto name = toBytes(info[0]);
  if (!name) return info.Env().Undefined();
  if (*name == "current") return answer(info.Env(), readAttr(Attr::current, "aa_getcon"));
  const Attr attr = *name == "exec" ? Attr::exec : Attr::prev;
  return answer(info.Env(), readAttr(attr, "aa_getprocattr"));
}

Napi::Value readTaskLabel(const Napi::CallbackInfo& info) {
  return answer(info.Env(), taskLabel(info[0].As<Napi::Number>().Int32Value()));
}

Napi::Value listThreadLabels(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto threads = threadLabels(info[0].As<Napi::Number>().Int32Value());
  if (!threads) return fail(env, threads.failure());
  Napi::Array list = Napi::Array::New(env, threads->size());
  for (uint32_t i = 0; i < threads->size(); ++i) {
    const ThreadLabel& thread = (*threads)[i];
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("tid", Napi::Number::New(env, thread.tid));
    entry.Set("name", toText(env, thread.name));
    entry.Set("label", toText(env, thread.label));
    list.Set(i, entry);
  }
  return list;
}

// readPeer(fd)
Napi::Value readPeerLabel(const Napi::CallbackInfo& info) {
  return answer(info.Env(), peerLabel(info[0].As<Napi::Number>().Int32Value()));
}

// runningProcesses(pids) → promise of rows (core/processes.h)
Napi::Value listProcesses(const Napi::CallbackInfo& info) {
  const auto list = info[0].As<Napi::Array>();
  std::vector<pid_t> pids;
  for (uint32_t i = 0; i < list.Length(); ++i) {
    pids.push_back(list.Get(i).As<Napi::Number>().Int32Value());
  }
  return startTask(info.Env(), [pids = std::move(pids)] { return runningProcesses(pids); });
}

}  // namespace apparmor::node
