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

// process.cc
Napi::Value changeProcess(const Napi::CallbackInfo& info);

// transitions.cc
Napi::Value changeProfile(const Napi::CallbackInfo& info);
Napi::Value stackProfile(const Napi::CallbackInfo& info);
Napi::Value changeOnexec(const Napi::CallbackInfo& info);
Napi::Value stackOnexec(const Napi::CallbackInfo& info);

}  // namespace apparmor::node
