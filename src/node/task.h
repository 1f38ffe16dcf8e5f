// An asynchronous call: a core function on a thread of the pool, and a promise for what it returns.
#pragma once

#include <napi.h>

#include <functional>

#include "../core/result.h"
#include "../core/rows.h"

namespace apparmor::node {

// `work` runs on a pool thread and must not touch JavaScript.
Napi::Value startTask(Napi::Env env, std::function<Result<Bytes>()> work);

}  // namespace apparmor::node
