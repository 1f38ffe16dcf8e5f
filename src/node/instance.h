// What belongs to one environment, the main thread's or a Worker's: made when it loads the addon, gone when it
// ends (Napi::Env::SetInstanceData).
#pragma once

#include <napi.h>

#include "../core/report.h"

namespace apparmor::node {

struct Instance {
  ReportChannel channel;

  static Instance& of(Napi::Env env) { return *env.GetInstanceData<Instance>(); }
};

}  // namespace apparmor::node
