#include "../core/policy.h"

#include "../core/features.h"
#include "../core/query.h"
#include "exports.h"
#include "guard.h"
#include "task.h"

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
  const auto path = toBytes(info[0]);
  return path ? answer(info.Env(), featureId(*path)) : info.Env().Undefined();
}

// queryLabel(label, match) → [allow, deny, audit, quiet]
Napi::Value askLabel(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto label = toBytes(info[0]);
  const auto match = label ? toBytes(info[1]) : std::nullopt;
  if (!match) return env.Undefined();
  const auto found = queryLabel(*label, *match);
  if (!found) return fail(env, found.failure());
  const uint32_t values[] = {found->allow, found->deny, found->audit, found->quiet};
  Napi::Array masks = Napi::Array::New(env, 4);
  for (uint32_t i = 0; i < 4; ++i) masks.Set(i, Napi::Number::New(env, values[i]));
  return masks;
}

}  // namespace apparmor::node
