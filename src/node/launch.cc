#include "../core/exec.h"
#include "arguments.h"
#include "exports.h"
#include "instance.h"
#include "values.h"

namespace apparmor::node {

// openPipe() → [read, write]
Napi::Value openStatusPipe(const Napi::CallbackInfo& info) {
  return answer(info.Env(), openPipe());
}

// takeReport(read, write) → [stage, errno] | null
Napi::Value takeStatusReport(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int read = arguments.integer(0);
  const int write = arguments.integer(1);
  if (arguments.wrong()) return {};
  return answer(info.Env(), takeReport(read, write));
}

// reportChannel() → fd
Napi::Value openReportChannel(const Napi::CallbackInfo& info) {
  return answer(info.Env(), Instance::of(info.Env()).channel.open());
}

// takeChannelReport() → [stage, errno] | null
Napi::Value takeReportOfChannel(const Napi::CallbackInfo& info) {
  return answer(info.Env(), Instance::of(info.Env()).channel.take());
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
