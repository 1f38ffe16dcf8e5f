#include "../core/exec.h"
#include "../core/report.h"
#include "arguments.h"
#include "exports.h"
#include "values.h"

namespace apparmor::node {

// launch(start) → [stage, errno] | null. `start` gets the descriptors to write to and to read from and their inode,
// and returns the launcher's process id, or 0. They are closed whatever becomes of it: this frame owns them.
Napi::Value launchProgram(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  const Napi::Function start = arguments.function(0);
  if (arguments.wrong()) return {};
  auto pipe = ReportPipe::open();
  if (!pipe) return fail(env, pipe.failure());
  const Napi::Value launcher = start.Call(
      {toValue(env, pipe->writeEnd()), toValue(env, pipe->readEnd()), toValue(env, pipe->inode())});
  if (launcher.IsEmpty()) return {};  // it has thrown
  return answer(env,
                pipe->take(launcher.IsNumber() ? launcher.As<Napi::Number>().Int32Value() : 0));
}

// execve(file, arguments, environment, keepFds)
Napi::Value execProgram(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Program program{arguments.bytes(0), arguments.byteList(1), arguments.byteList(2),
                        arguments.integers(3)};
  if (arguments.wrong()) return {};
  return fail(info.Env(), replaceProgram(program));
}

}  // namespace apparmor::node
