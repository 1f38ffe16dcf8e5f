#include <string_view>

#include "../core/threads.h"
#include "exports.h"
#include "guard.h"

namespace apparmor::node {

// changeProcess(kind: 'change' | 'stack', profile, timeoutMs, abortOnPartial)
Napi::Value changeProcess(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto kind = toBytes(info[0]);
  const auto profile = toBytes(info[1]);
  if (!kind || !profile) return env.Undefined();
  const auto timeoutNs = static_cast<int64_t>(info[2].As<Napi::Number>().DoubleValue() * 1e6);
  const bool abort = info[3].As<Napi::Boolean>().Value();
  auto change = changeEveryThread(*kind == "stack" ? Change::stack : Change::replace, *profile,
                                  timeoutNs, abort ? OnPartial::abort : OnPartial::report);
  if (!change) return fail(env, change.failure());

  Napi::Object result = Napi::Object::New(env);
  result.Set("threads", Napi::Number::New(env, static_cast<double>(change->threads)));
  result.Set("setuidWorks", Napi::Boolean::New(env, change->setuidWorks));
  result.Set("partialErrno", Napi::Number::New(env, -change->partialError));
  Napi::Array refused = Napi::Array::New(env);
  for (const Answer& answer : change->refused) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("tid", Napi::Number::New(env, answer.tid));
    entry.Set("errno", Napi::Number::New(env, -answer.error));
    refused.Set(refused.Length(), entry);
  }
  result.Set("refused", refused);
  return result;
}

}  // namespace apparmor::node
