// The table of contents of the native part. lib/border/native.ts declares the same names, and a test holds
// the two together.
#include <node_api.h>

#include <iterator>

#include "core/task_list.h"
#include "node/exports.h"

namespace apparmor::node {
namespace {

struct Export {
  const char* name;
  Function* function;
};

constexpr Export kExports[] = {
    {"availability", getAvailability},
    {"findMountpoint", findMountpointPath},

    {"readAttr", readOwnAttr},
    {"readTask", readTaskLabel},
    {"listThreads", listThreadLabels},
    {"readPeer", readPeerLabel},
    {"runningProcesses", listProcesses},

    {"loadedProfiles", listProfiles},
    {"policyRevisions", listRevisions},
    {"watchRevision", watchRevision},
    {"featureId", getFeatureId},
    {"queryLabel", askLabel},

    {"changeProcess", changeProcess},
    {"changeThread", changeThread},
    {"changeExec", changeExec},
    {"tryProfile", tryProfile},
    {"tryHat", tryHatName},
    {"changeHat", changeToHat},
    {"leaveHat", leaveHatAgain},
    {"launch", launchProgram},
    {"execve", execProgram},
};

napi_value invoke(napi_env env, napi_callback_info info) {
  void* entry = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &entry);
  Call call(env, info);
  return static_cast<const Export*>(entry)->function(call);
}

napi_value fill(napi_env env, napi_value exports) {
  napi_property_descriptor table[std::size(kExports)] = {};
  for (size_t i = 0; i < std::size(kExports); ++i) {
    table[i].utf8name = kExports[i].name;
    table[i].method = invoke;
    table[i].attributes = napi_default_jsproperty;
    table[i].data = const_cast<Export*>(&kExports[i]);
  }
  napi_define_properties(env, exports, std::size(table), table);
  return exports;
}

}  // namespace
}  // namespace apparmor::node

NAPI_MODULE_INIT() {
  // The list of threads is opened now, while it can be.
  apparmor::TaskList::ofThisProcess();
  return apparmor::node::fill(env, exports);
}
