// The functions of the export table (src/addon.cc), by the file that holds them.
#pragma once

#include <napi.h>

namespace apparmor::node {

// availability.cc
Napi::Value getAvailability(const Napi::CallbackInfo& info);
Napi::Value findMountpointPath(const Napi::CallbackInfo& info);

// identity.cc
Napi::Value readOwnAttr(const Napi::CallbackInfo& info);
Napi::Value readTaskLabel(const Napi::CallbackInfo& info);
Napi::Value listThreadLabels(const Napi::CallbackInfo& info);
Napi::Value readPeerLabel(const Napi::CallbackInfo& info);
Napi::Value listProcesses(const Napi::CallbackInfo& info);

// transitions.cc
Napi::Value changeProcess(const Napi::CallbackInfo& info);
Napi::Value changeThread(const Napi::CallbackInfo& info);
Napi::Value changeExec(const Napi::CallbackInfo& info);
Napi::Value tryProfile(const Napi::CallbackInfo& info);
Napi::Value tryHatName(const Napi::CallbackInfo& info);
Napi::Value changeToHat(const Napi::CallbackInfo& info);
Napi::Value leaveHatAgain(const Napi::CallbackInfo& info);
Napi::Value openStatusPipe(const Napi::CallbackInfo& info);
Napi::Value takeStatusReport(const Napi::CallbackInfo& info);
Napi::Value openReportChannel(const Napi::CallbackInfo& info);
Napi::Value takeReportOfChannel(const Napi::CallbackInfo& info);
Napi::Value execProgram(const Napi::CallbackInfo& info);

// policy.cc
Napi::Value listProfiles(const Napi::CallbackInfo& info);
Napi::Value listRevisions(const Napi::CallbackInfo& info);
Napi::Value getFeatureId(const Napi::CallbackInfo& info);
Napi::Value askLabel(const Napi::CallbackInfo& info);

// watch.cc
Napi::Value watchRevision(const Napi::CallbackInfo& info);

}  // namespace apparmor::node
