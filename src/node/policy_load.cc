#include "../core/policy_load.h"

#include <utility>

#include "../core/policy_cache.h"
#include "arguments.h"
#include "exports.h"
#include "task.h"
#include "values.h"

namespace apparmor::node {
namespace {

Result<Bytes> toNothing(const Result<Done>& result) {
  if (!result) return result.failure();
  return Bytes{};
}

}  // namespace

// loadPolicy(how: 'load' | 'replace', binary) → promise
Napi::Value loadBinary(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Load how = arguments.bytes(0) == "load" ? Load::add : Load::replace;
  std::string binary = arguments.data(1);
  if (arguments.wrong()) return {};
  return startTask(
      info.Env(), [how, binary = std::move(binary)] { return toNothing(loadPolicy(how, binary)); });
}

// removePolicy(name) → promise
Napi::Value removeProfile(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::string name = arguments.bytes(0);
  if (arguments.wrong()) return {};
  return startTask(info.Env(), [name = std::move(name)] { return toNothing(removePolicy(name)); });
}

// policyCacheDirectory(path, features, make) → path
Napi::Value findCache(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::string path = arguments.bytes(0);
  const std::string features = arguments.bytes(1);
  const bool make = arguments.flag(2);
  if (arguments.wrong()) return {};
  return answer(info.Env(), make ? makeCache(path, features) : cacheDirectory(path, features));
}

// removePolicyCache(path) → promise
Napi::Value clearCache(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::string path = arguments.bytes(0);
  if (arguments.wrong()) return {};
  return startTask(info.Env(), [path = std::move(path)] { return toNothing(removeCache(path)); });
}

// loadPolicyCache(path) → promise
Napi::Value loadCached(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  std::string path = arguments.bytes(0);
  if (arguments.wrong()) return {};
  return startTask(info.Env(), [path = std::move(path)] { return toNothing(loadCache(path)); });
}

}  // namespace apparmor::node
