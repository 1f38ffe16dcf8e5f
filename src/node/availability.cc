#include "../core/availability.h"

#include "exports.h"
#include "values.h"

namespace apparmor::node {

// availability() → { errno, mountpoint }
Napi::Value getAvailability(const Napi::CallbackInfo& info) {
  const Availability found = availability();
  auto object = Napi::Object::New(info.Env());
  object.Set("errno", -found.error);
  object.Set("mountpoint", toValue(info.Env(), found.mountpoint));
  return object;
}

// findMountpoint()
Napi::Value findMountpointPath(const Napi::CallbackInfo& info) {
  return answer(info.Env(), findMountpoint());
}

}  // namespace apparmor::node
