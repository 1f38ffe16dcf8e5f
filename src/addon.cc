// The table of contents of the native part. lib/native.ts declares the same names, and a test holds
// the two together.
#include <napi.h>

#include "node/exports.h"

namespace apparmor::node {
namespace {

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
void add(Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<function>(exports.Env(), name));
}

Napi::Object init(Napi::Env, Napi::Object exports) {
  add<getAvailability>(exports, "availability");
  add<findMountpointPath>(exports, "findMountpoint");

  add<readOwnAttr>(exports, "readAttr");
  add<readTaskLabel>(exports, "readTask");
  add<listThreadLabels>(exports, "listThreads");

  add<changeProcess>(exports, "changeProcess");
  add<changeProfile>(exports, "changeProfile");
  add<stackProfile>(exports, "stackProfile");
  add<changeOnexec>(exports, "changeOnexec");
  add<stackOnexec>(exports, "stackOnexec");
  return exports;
}

}  // namespace

NODE_API_MODULE(apparmor, init)

}  // namespace apparmor::node
