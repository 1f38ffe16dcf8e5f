#include "../core/direct/policy.h"

#include "../core/direct/query.h"
#include "../core/features.h"
#include "arguments.h"
#include "exports.h"
#include "task.h"
#include "values.h"

namespace apparmor::node {

// loadedProfiles() → promise of rows (core/policy.h)
Napi::Value listProfiles(const Napi::CallbackInfo& info) {
  return startTask(info.Env(), loadedProfiles);
}

// policyRevisions() → promise of rows
Napi::Value listRevisions(const Napi::CallbackInfo& info) {
  return startTask(info.Env(), policyRevisions);
}

// featureId(path)
Napi::Value getFeatureId(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::string path = arguments.bytes(0);
  if (arguments.wrong()) return {};
  return answer(info.Env(), featureId(path));
}

// queryAccess(label, match, mask) → [allowed, audited]
Napi::Value askAccess(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  const std::string label = arguments.bytes(0);
  const std::string match = arguments.bytes(1);
  const auto mask = static_cast<uint32_t>(arguments.number(2));
  if (arguments.wrong()) return {};
  const auto found = queryAccess(label, match, mask);
  if (!found) return fail(env, found.failure());
  auto answers = Napi::Array::New(env, 2);
  answers.Set(0U, found->allowed);
  answers.Set(1U, found->audited);
  return answers;
}

// queryLabel(label, match) → [allow, deny, audit, quiet]
Napi::Value askLabel(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  const std::string label = arguments.bytes(0);
  const std::string match = arguments.bytes(1);
  if (arguments.wrong()) return {};
  const auto found = queryLabel(label, match);
  if (!found) return fail(env, found.failure());
  auto masks = Napi::Array::New(env, 4);
  uint32_t index = 0;
  for (const uint32_t mask : {found->allow, found->deny, found->audit, found->quiet}) {
    masks.Set(index++, mask);
  }
  return masks;
}

}  // namespace apparmor::node
