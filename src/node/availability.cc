#include "../core/availability.h"

#include "exports.h"
#include "guard.h"

namespace apparmor::node {

Napi::Value getAvailability(const Napi::CallbackInfo& info) {
  const Availability found = availability();
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("errno", Napi::Number::New(info.Env(), -found.error));
  result.Set("mountpoint", convert(info.Env(), found.mountpoint));
  return result;
}

Napi::Value findMountpointPath(const Napi::CallbackInfo& info) {
  return answer(info.Env(), findMountpoint());
}

}  // namespace apparmor::node
