#include "../core/direct/audit_group.h"

#include "arguments.h"
#include "exports.h"
#include "values.h"

namespace apparmor::node {

// openAuditGroup() → descriptor
Napi::Value openAuditSocket(const Napi::CallbackInfo& info) {
  auto opened = openAuditGroup();
  if (!opened) return fail(info.Env(), opened.failure());
  return toValue(info.Env(), opened->release());
}

// readAuditGroup(descriptor) → line | null
Napi::Value readAuditSocket(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int fd = arguments.integer(0);
  if (arguments.wrong()) return {};
  return answer(info.Env(), readAuditGroup(fd));
}

// auditStatus() → [lost, rate limit, whether there is a daemon]
Napi::Value readAuditStatus(const Napi::CallbackInfo& info) {
  const auto status = auditStatus();
  if (!status) return fail(info.Env(), status.failure());
  auto result = Napi::Array::New(info.Env(), 3);
  result.Set(0U, static_cast<double>(status->lost));
  result.Set(1U, static_cast<double>(status->rateLimit));
  result.Set(2U, status->daemon);
  return result;
}

}  // namespace apparmor::node
