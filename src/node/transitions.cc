#include "../core/attr.h"
#include "exports.h"
#include "guard.h"

namespace apparmor::node {
namespace {

Napi::Value request(const Napi::CallbackInfo& info, Attr attr, const char* call, const char* verb) {
  const auto profile = toBytes(info[0]);
  if (!profile) return info.Env().Undefined();
  auto command = Command::make(call, verb, *profile);
  if (!command) return fail(info.Env(), command.failure());
  return answer(info.Env(), writeAttr(attr, *command));
}

}  // namespace

Napi::Value changeProfile(const Napi::CallbackInfo& info) {
  return request(info, Attr::current, "aa_change_profile", "changeprofile");
}

Napi::Value stackProfile(const Napi::CallbackInfo& info) {
  return request(info, Attr::current, "aa_stack_profile", "stack");
}

Napi::Value changeOnexec(const Napi::CallbackInfo& info) {
  return request(info, Attr::exec, "aa_change_onexec", "exec");
}

Napi::Value stackOnexec(const Napi::CallbackInfo& info) {
  return request(info, Attr::exec, "aa_stack_onexec", "stack");
}

}  // namespace apparmor::node
