// The table of contents of the native part. lib/border/native.ts declares the same names, and a test holds
// the two together.
#include <napi.h>

#include "core/direct/task_list.h"
#include "node/exports.h"

namespace apparmor::node {
namespace {

struct Export {
  const char* name;
  Napi::Function (*make)(napi_env env, const char* name, void* data);
};

template <Function function>
constexpr auto native = static_cast<decltype(Export::make)>(&Napi::Function::New<function>);

constexpr Export kExports[] = {
    {"availability", native<getAvailability>},
    {"findMountpoint", native<findMountpointPath>},

    {"readAttr", native<readOwnAttr>},
    {"readTask", native<readTaskLabel>},
    {"listThreads", native<listThreadLabels>},
    {"readPeer", native<readPeerLabel>},
    {"runningProcesses", native<listProcesses>},

    {"loadedProfiles", native<listProfiles>},
    {"policyRevisions", native<listRevisions>},
    {"watchRevision", native<watchRevision>},
    {"loadPolicy", native<loadBinary>},
    {"removePolicy", native<removeProfile>},
    {"policyCacheDirectory", native<findCache>},
    {"removePolicyCache", native<clearCache>},
    {"loadPolicyCache", native<loadCached>},
    {"featureId", native<getFeatureId>},
    {"queryAccess", native<askAccess>},
    {"queryLabel", native<askLabel>},

    {"openAuditGroup", native<openAuditSocket>},
    {"readAuditGroup", native<readAuditSocket>},
    {"auditStatus", native<readAuditStatus>},

    {"changeProcess", native<changeProcess>},
    {"changeThread", native<changeThread>},
    {"changeExec", native<changeExec>},
    {"tryProfile", native<tryProfile>},
    {"tryHat", native<tryHatName>},
    {"changeHat", native<changeToHat>},
    {"leaveHat", native<leaveHatAgain>},
    {"runInHat", native<runInHat>},
    {"launch", native<launchProgram>},
    {"execve", native<execProgram>},
};

Napi::Object init(Napi::Env env, Napi::Object exports) {
  // The list of threads is opened now, while it can be.
  TaskList::ofThisProcess();
  for (const auto& [name, make] : kExports) exports.Set(name, make(env, name, nullptr));
  return exports;
}

}  // namespace
}  // namespace apparmor::node

using apparmor::node::init;
NODE_API_MODULE(apparmor, init)
