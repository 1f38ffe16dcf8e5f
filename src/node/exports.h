// The functions of the export table (src/addon.cc), by the file that holds them.
#pragma once

#include <napi.h>

namespace apparmor::node {

using Function = Napi::Value(const Napi::CallbackInfo& info);

// availability.cc
Function getAvailability, findMountpointPath;

// identity.cc
Function readOwnAttr, readTaskLabel, listThreadLabels, readPeerLabel, listProcesses;

// transitions.cc
Function changeProcess, changeThread, changeExec, tryProfile, tryHatName, changeToHat,
    leaveHatAgain, runInHat;

// launch.cc
Function launchProgram, execProgram;

// policy.cc
Function listProfiles, listRevisions, getFeatureId, askAccess, askLabel;

// policy_load.cc
Function loadBinary, removeProfile, findCache, clearCache, loadCached;

// watch.cc
Function watchRevision;

// audit_group.cc
Function openAuditSocket, readAuditSocket, readAuditStatus;

}  // namespace apparmor::node
