#include "../core/policy_load.h"

#include <utility>

#include "arguments.h"
#include "exports.h"
#include "task.h"

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

}  // namespace apparmor::node
