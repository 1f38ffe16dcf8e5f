#include <cstdint>

#include "../core/exec.h"
#include "../core/hat.h"
#include "../core/report.h"
#include "../core/threads.h"
#include "../core/trial.h"
#include "exports.h"
#include "guard.h"

namespace apparmor::node {
namespace {

Change toChange(const std::string& kind) {
  return kind == "stack" ? Change::stack : Change::replace;
}

// (kind: 'change' | 'stack', profile, …)
struct Request {
  Change change;
  std::string profile;
};

std::optional<Request> toRequest(const Napi::CallbackInfo& info) {
  const auto kind = toBytes(info[0]);
  auto profile = kind ? toBytes(info[1]) : std::nullopt;
  if (!profile) return std::nullopt;
  return Request{toChange(*kind), std::move(*profile)};
}

Napi::Value convert(Napi::Env env, int number) {
  return Napi::Number::New(env, number);
}

Napi::Value convert(Napi::Env env, const std::optional<Report>& report) {
  if (!report) return env.Null();
  Napi::Array pair = Napi::Array::New(env);
  for (uint32_t i = 0; i < report->size(); ++i) pair.Set(i, Napi::Number::New(env, (*report)[i]));
  return pair;
}

template <class T>
Napi::Value give(Napi::Env env, const Result<T>& result) {
  return result ? convert(env, *result) : fail(env, result.failure());
}

}  // namespace

// changeProcess(kind, profile, timeoutMs, abortOnPartial)
Napi::Value changeProcess(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto request = toRequest(info);
  if (!request) return env.Undefined();
  const auto timeoutNs = static_cast<int64_t>(info[2].As<Napi::Number>().DoubleValue() * 1e6);
  const bool abort = info[3].As<Napi::Boolean>().Value();
  const auto change = changeEveryThread(request->change, request->profile, timeoutNs,
                                        abort ? OnPartial::abort : OnPartial::report);
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

// changeThread(kind, profile)
Napi::Value changeThread(const Napi::CallbackInfo& info) {
  const auto request = toRequest(info);
  if (!request) return info.Env().Undefined();
  const auto command = makeCommand(request->change, request->profile);
  if (!command) return fail(info.Env(), command.failure());
  return answer(info.Env(), writeAttr(Attr::current, *command));
}

// changeExec(kind, profile)
Napi::Value changeExec(const Napi::CallbackInfo& info) {
  const auto request = toRequest(info);
  if (!request) return info.Env().Undefined();
  return answer(info.Env(), setOnexec(request->change, request->profile));
}

// tryProfile(profile)
Napi::Value tryProfile(const Napi::CallbackInfo& info) {
  const auto profile = toBytes(info[0]);
  if (!profile) return info.Env().Undefined();
  const auto tried = tryChange(Change::replace, *profile);
  return tried ? info.Env().Undefined() : fail(info.Env(), tried.failure());
}

// tryHat(hat)
Napi::Value tryHatName(const Napi::CallbackInfo& info) {
  const auto hat = toBytes(info[0]);
  return hat ? answer(info.Env(), tryHat(*hat)) : info.Env().Undefined();
}

// changeHat(hats, token)
Napi::Value changeToHat(const Napi::CallbackInfo& info) {
  const auto hats = toByteList(info[0]);
  if (!hats) return info.Env().Undefined();
  bool lossless = true;
  return answer(info.Env(), changeHat(*hats, info[1].As<Napi::BigInt>().Uint64Value(&lossless)));
}

// leaveHat(token)
Napi::Value leaveHatAgain(const Napi::CallbackInfo& info) {
  bool lossless = true;
  return answer(info.Env(), leaveHat(info[0].As<Napi::BigInt>().Uint64Value(&lossless)));
}

// openPipe() → [read, write]
Napi::Value openStatusPipe(const Napi::CallbackInfo& info) {
  const auto ends = openPipe();
  if (!ends) return fail(info.Env(), ends.failure());
  Napi::Array pair = Napi::Array::New(info.Env());
  pair.Set(0U, Napi::Number::New(info.Env(), ends->first));
  pair.Set(1U, Napi::Number::New(info.Env(), ends->second));
  return pair;
}

// takeReport(read, write) → [stage, errno] | null
Napi::Value takeStatusReport(const Napi::CallbackInfo& info) {
  return give(info.Env(), takeReport(info[0].As<Napi::Number>().Int32Value(),
                                     info[1].As<Napi::Number>().Int32Value()));
}

// reportChannel() → fd
Napi::Value openReportChannel(const Napi::CallbackInfo& info) {
  return give(info.Env(), reportChannel());
}

// takeChannelReport() → [stage, errno] | null
Napi::Value takeReportOfChannel(const Napi::CallbackInfo& info) {
  return give(info.Env(), takeChannelReport());
}

// execve(file, arguments, environment, keepFds)
Napi::Value execProgram(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto file = toBytes(info[0]);
  const auto arguments = file ? toByteList(info[1]) : std::nullopt;
  const auto environment = arguments ? toByteList(info[2]) : std::nullopt;
  if (!environment) return env.Undefined();
  Program program{*file, *arguments, *environment, {}};
  const auto keep = info[3].As<Napi::Array>();
  for (uint32_t i = 0; i < keep.Length(); ++i) {
    program.keep.push_back(keep.Get(i).As<Napi::Number>().Int32Value());
  }
  return fail(env, replaceProgram(program));
}

}  // namespace apparmor::node
