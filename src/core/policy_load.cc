#include "policy_load.h"

#include <sys/apparmor.h>

#include <cerrno>
#include <memory>

#include "availability.h"

namespace apparmor {
namespace {

struct Unref {
  void operator()(aa_kernel_interface* interface) const { aa_kernel_interface_unref(interface); }
};
using Interface = std::unique_ptr<aa_kernel_interface, Unref>;

Result<Interface> openInterface() {
  // libapparmor says ENOENT for whatever keeps it from finding the interface.
  if (const auto mountpoint = findMountpoint(); !mountpoint) return mountpoint.failure();
  aa_kernel_interface* interface = nullptr;
  if (aa_kernel_interface_new(&interface, nullptr, nullptr) != 0) {
    return Failure{errno, "aa_kernel_interface_new"};
  }
  return Interface(interface);
}

}  // namespace

Result<Done> loadPolicy(Load how, const std::string& binary) {
  const auto interface = openInterface();
  if (!interface) return interface.failure();
  const bool add = how == Load::add;
  const auto load = add ? aa_kernel_interface_load_policy : aa_kernel_interface_replace_policy;
  if (load(interface->get(), binary.data(), binary.size()) == 0) return Done{};
  return Failure{errno,
                 add ? "aa_kernel_interface_load_policy" : "aa_kernel_interface_replace_policy"};
}

Result<Done> removePolicy(const std::string& name) {
  const auto interface = openInterface();
  if (!interface) return interface.failure();
  if (aa_kernel_interface_remove_policy(interface->get(), name.c_str()) == 0) return Done{};
  return Failure{errno, "aa_kernel_interface_remove_policy"};
}

}  // namespace apparmor
