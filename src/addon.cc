// The table of contents of the native part. lib/native.ts declares the same names, and a test holds
// the two together.
#include <napi.h>

#include "core/task_list.h"
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
  add<readPeerLabel>(exports, "readPeer");
  add<listProcesses>(exports, "runningProcesses");

  add<listProfiles>(exports, "loadedProfiles");
  add<listRevisions>(exports, "policyRevisions");
  add<watchRevision>(exports, "watchRevision");
  add<getFeatureId>(exports, "featureId");
  add<askLabel>(exports, "queryLabel");

  add<changeProcess>(exports, "changeProcess");
  add<changeThread>(exports, "changeThread");
  add<changeExec>(exports, "changeExec");
  add<tryProfile>(exports, "tryProfile");
  add<tryHatName>(exports, "tryHat");
  add<changeToHat>(exports, "changeHat");
  add<leaveHatAgain>(exports, "leaveHat");
  add<openStatusPipe>(exports, "openPipe");
  add<takeStatusReport>(exports, "takeReport");
  add<openReportChannel>(exports, "reportChannel");
  add<takeReportOfChannel>(exports, "takeChannelReport");
  add<execProgram>(exports, "execve");

  // The list of threads is opened now, while it can be.
  TaskList::ofThisProcess();
  return exports;
}

}  // namespace

NODE_API_MODULE(apparmor, init)

}  // namespace apparmor::node
