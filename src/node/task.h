// An asynchronous call: a core function on a thread of the pool, and a promise for what it returns.
#pragma once

#include <functional>

#include "call.h"

namespace apparmor::node {

// `work` runs on a pool thread and must not touch JavaScript.
napi_value startTask(napi_env env, std::function<Result<Bytes>()> work);

}  // namespace apparmor::node
