#include "../core/exec.h"
#include "../core/report.h"
#include "exports.h"

namespace apparmor::node {
// openPipe() → [read, write]
napi_value openStatusPipe(Call& call) {
  return answer(call, openPipe());
}

// takeReport(read, write) → [stage, errno] | null
napi_value takeStatusReport(Call& call) {
  const int read = call.integer(0);
  const int write = call.integer(1);
  return call.wrong() ? nullptr : answer(call, takeReport(read, write));
}

// reportChannel() → fd
napi_value openReportChannel(Call& call) {
  return answer(call, reportChannel());
}

// takeChannelReport() → [stage, errno] | null
napi_value takeReportOfChannel(Call& call) {
  return answer(call, takeChannelReport());
}

// execve(file, arguments, environment, keepFds)
napi_value execProgram(Call& call) {
  const Program program{call.bytes(0), call.byteList(1), call.byteList(2), call.integers(3)};
  return call.wrong() ? nullptr : fail(call.env(), replaceProgram(program));
}

}  // namespace apparmor::node
