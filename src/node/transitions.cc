#include "../core/direct/threads.h"
#include "../core/direct/trial.h"
#include "../core/exec.h"
#include "../core/hat.h"
#include "arguments.h"
#include "exports.h"
#include "values.h"

namespace apparmor::node {
namespace {

// kind: 'change' | 'stack'
Change toChange(const std::string& kind) {
  return kind == "stack" ? Change::stack : Change::replace;
}

// [{ tid, errno }]
Napi::Value toList(Napi::Env env, const std::vector<Answer>& answers) {
  auto list = Napi::Array::New(env, answers.size());
  uint32_t index = 0;
  for (const Answer& answer : answers) {
    auto object = Napi::Object::New(env);
    object.Set("tid", answer.tid);
    object.Set("errno", -answer.error);
    list.Set(index++, object);
  }
  return list;
}

}  // namespace

// changeProcess(kind, profile, timeoutMs, abortOnPartial)
Napi::Value changeProcess(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  const Change kind = toChange(arguments.bytes(0));
  const std::string profile = arguments.bytes(1);
  const auto timeoutNs = static_cast<int64_t>(arguments.number(2) * 1e6);
  const OnPartial onPartial = arguments.flag(3) ? OnPartial::abort : OnPartial::report;
  if (arguments.wrong()) return {};
  const auto change = changeEveryThread(kind, profile, timeoutNs, onPartial);
  if (!change) return fail(env, change.failure());
  auto object = Napi::Object::New(env);
  object.Set("threads", static_cast<double>(change->threads));
  object.Set("setuidWorks", change->setuidWorks);
  object.Set("errno", -change->error);
  object.Set("refused", toList(env, change->refused));
  object.Set("con", toValue(env, change->con));
  return object;
}

// changeThread(kind, profile) → label | null
Napi::Value changeThread(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Change kind = toChange(arguments.bytes(0));
  const std::string profile = arguments.bytes(1);
  if (arguments.wrong()) return {};
  return answer(info.Env(), changeThisThread(kind, profile));
}

// changeExec(kind, profile)
Napi::Value changeExec(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Change kind = toChange(arguments.bytes(0));
  const std::string profile = arguments.bytes(1);
  if (arguments.wrong()) return {};
  return answer(info.Env(), setOnexec(kind, profile));
}

// tryProfile(profile)
Napi::Value tryProfile(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::string profile = arguments.bytes(0);
  if (arguments.wrong()) return {};
  const auto tried = tryChange(Change::replace, profile);
  return tried ? Napi::Value() : fail(info.Env(), tried.failure());
}

// tryHat(hat)
Napi::Value tryHatName(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::string hat = arguments.bytes(0);
  if (arguments.wrong()) return {};
  return answer(info.Env(), tryHat(hat));
}

// changeHat(hats, token, isNew) → the token, a new one if that was wanted
Napi::Value changeToHat(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const auto hats = arguments.byteList(0);
  const uint64_t token = arguments.token(1);
  const bool isNew = arguments.flag(2);
  if (arguments.wrong()) return {};
  const auto used = changeHat(hats, isNew ? std::nullopt : std::optional(token));
  if (!used) return fail(info.Env(), used.failure());
  return Napi::BigInt::New(info.Env(), *used);
}

// leaveHat(token)
Napi::Value leaveHatAgain(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const uint64_t token = arguments.token(0);
  if (arguments.wrong()) return {};
  return answer(info.Env(), leaveHat(token));
}

// runInHat(hats, function): the hat is left whatever comes back, a value, an exception, or the end of all
// JavaScript in this thread.
Napi::Value runInHat(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  const auto hats = arguments.byteList(0);
  const Napi::Function function = arguments.function(1);
  if (arguments.wrong()) return {};
  auto visit = HatVisit::enter(hats);
  if (!visit) return fail(env, visit.failure());
  // Not Call(), which would look into an exception that may be the end of the thread's JavaScript.
  napi_call_function(env, env.Undefined(), function, 0, nullptr, nullptr);
  const auto left = visit->leave();
  if (left) return {};
  napi_value thrown = nullptr;
  napi_get_and_clear_last_exception(env, &thrown);
  return fail(env, left.failure());
}

}  // namespace apparmor::node
