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

}  // namespace apparmor::node
