#include "../core/exec.h"
#include "../core/hat.h"
#include "../core/threads.h"
#include "../core/trial.h"
#include "exports.h"

namespace apparmor::node {
namespace {

// kind: 'change' | 'stack'
Change toChange(const std::string& kind) {
  return kind == "stack" ? Change::stack : Change::replace;
}

}  // namespace

// changeProcess(kind, profile, timeoutMs, abortOnPartial)
napi_value changeProcess(Call& call) {
  napi_env env = call.env();
  const Change kind = toChange(call.bytes(0));
  const std::string profile = call.bytes(1);
  const auto timeoutNs = static_cast<int64_t>(call.number(2) * 1e6);
  const bool abort = call.flag(3);
  if (call.wrong()) return nullptr;
  const auto change =
      changeEveryThread(kind, profile, timeoutNs, abort ? OnPartial::abort : OnPartial::report);
  if (!change) return fail(env, change.failure());

  napi_value refused = toList(env, change->refused, [&](const Answer& answer) {
    return toObject(env,
                    {{"tid", toValue(env, answer.tid)}, {"errno", toValue(env, -answer.error)}});
  });
  return toObject(env, {{"threads", toValue(env, static_cast<double>(change->threads))},
                        {"setuidWorks", toValue(env, change->setuidWorks)},
                        {"partialErrno", toValue(env, -change->partialError)},
                        {"refused", refused}});
}

// changeThread(kind, profile)
napi_value changeThread(Call& call) {
  const Change kind = toChange(call.bytes(0));
  const std::string profile = call.bytes(1);
  if (call.wrong()) return nullptr;
  const auto command = makeCommand(kind, profile);
  if (!command) return fail(call.env(), command.failure());
  return answer(call, writeAttr(Attr::current, *command));
}

// changeExec(kind, profile)
napi_value changeExec(Call& call) {
  const Change kind = toChange(call.bytes(0));
  const std::string profile = call.bytes(1);
  return call.wrong() ? nullptr : answer(call, setOnexec(kind, profile));
}

// tryProfile(profile)
napi_value tryProfile(Call& call) {
  const std::string profile = call.bytes(0);
  if (call.wrong()) return nullptr;
  const auto tried = tryChange(Change::replace, profile);
  return tried ? nullptr : fail(call.env(), tried.failure());
}

// tryHat(hat)
napi_value tryHatName(Call& call) {
  const std::string hat = call.bytes(0);
  return call.wrong() ? nullptr : answer(call, tryHat(hat));
}

// changeHat(hats, token)
napi_value changeToHat(Call& call) {
  const auto hats = call.byteList(0);
  const uint64_t token = call.token(1);
  return call.wrong() ? nullptr : answer(call, changeHat(hats, token));
}

// leaveHat(token)
napi_value leaveHatAgain(Call& call) {
  const uint64_t token = call.token(0);
  return call.wrong() ? nullptr : answer(call, leaveHat(token));
}

}  // namespace apparmor::node
