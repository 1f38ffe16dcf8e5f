#include "../core/policy.h"

#include "../core/features.h"
#include "../core/query.h"
#include "exports.h"
#include "task.h"

namespace apparmor::node {

// loadedProfiles() → promise of rows (core/policy.h)
napi_value listProfiles(Call& call) {
  return startTask(call.env(), loadedProfiles);
}

// policyRevisions() → promise of rows
napi_value listRevisions(Call& call) {
  return startTask(call.env(), policyRevisions);
}

// featureId(path)
napi_value getFeatureId(Call& call) {
  const std::string path = call.bytes(0);
  return call.wrong() ? nullptr : answer(call, featureId(path));
}

// queryLabel(label, match) → [allow, deny, audit, quiet]
napi_value askLabel(Call& call) {
  napi_env env = call.env();
  const std::string label = call.bytes(0);
  const std::string match = call.bytes(1);
  if (call.wrong()) return nullptr;
  const auto found = queryLabel(label, match);
  if (!found) return fail(env, found.failure());
  const auto mask = [&](uint32_t bits) { return toValue(env, static_cast<double>(bits)); };
  return toList(env,
                {mask(found->allow), mask(found->deny), mask(found->audit), mask(found->quiet)});
}

}  // namespace apparmor::node
