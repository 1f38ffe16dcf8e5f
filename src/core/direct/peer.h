// The label of whoever is at the other end of a connected unix socket.
//
// Not by libapparmor alone: it refuses to ask where it cannot read whether AppArmor is enabled (no /sys), and to
// pass on a label that has no mode: then the socket itself is asked.
//
// Kernel contract: getsockopt SO_PEERSEC tells the label that the peer had when it connected, or that
// the listener had when it listened. ENOPROTOOPT when the kernel keeps none: for other families, for
// datagrams, and before Linux 6.17 on kernels without AppArmor's mediation of unix sockets.
#pragma once

#include <string>

#include "../result.h"

namespace apparmor {

Result<std::string> peerLabel(int fd);

}  // namespace apparmor
