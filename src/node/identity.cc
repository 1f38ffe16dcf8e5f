#include "../core/attr.h"
#include "../core/labels.h"
#include "exports.h"
#include "guard.h"

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

}  // namespace apparmor::node
