#include "../core/exec.h"
#include "../core/report.h"
#include "exports.h"

namespace apparmor::node {
// launch(start) → [stage, errno] | null. `start` gets the descriptors to write to and to read from, and returns
// the launcher's process id, or 0. They are closed whatever becomes of it: this frame owns them.
napi_value launchProgram(Call& call) {
  auto pipe = ReportPipe::open();
  if (!pipe) return fail(call.env(), pipe.failure());
  napi_value global = nullptr;
  napi_get_global(call.env(), &global);
  napi_value ends[] = {toValue(call.env(), pipe->writeEnd()), toValue(call.env(), pipe->readEnd())};
  napi_value launcher = nullptr;
  if (napi_call_function(call.env(), global, call.function(0), 2, ends, &launcher) != napi_ok) {
    return nullptr;
  }
  int32_t pid = 0;
  napi_get_value_int32(call.env(), launcher, &pid);
  return answer(call, pipe->take(pid));
}

// execve(file, arguments, environment, keepFds)
napi_value execProgram(Call& call) {
  const Program program{call.bytes(0), call.byteList(1), call.byteList(2), call.integers(3)};
  return call.wrong() ? nullptr : fail(call.env(), replaceProgram(program));
}

}  // namespace apparmor::node
