#include "../core/availability.h"

#include "exports.h"

namespace apparmor::node {

// availability() → { errno, mountpoint }
napi_value getAvailability(Call& call) {
  const Availability found = availability();
  return toObject(call.env(), {{"errno", toValue(call.env(), -found.error)},
                               {"mountpoint", toValue(call.env(), found.mountpoint)}});
}

// findMountpoint()
napi_value findMountpointPath(Call& call) {
  return answer(call, findMountpoint());
}

}  // namespace apparmor::node
