// The kernel's audit records as they are made, by the multicast group AUDIT_NLGRP_READLOG.
//
// Not by libapparmor: it reads a record that is there, and follows no log.
//
// Kernel contract: it takes CAP_AUDIT_READ, and exists in the initial network namespace alone. Each message
// is a netlink header and the text of one record. What a reader does not take in time is dropped, and
// ENOBUFS tells so once. Whoever has CAP_NET_ADMIN can send to this socket, so the sender is looked at.
#pragma once

#include <optional>
#include <string>

#include "../result.h"
#include "../unique_fd.h"

namespace apparmor {

Result<UniqueFd> openAuditGroup();

// Takes the next record, without waiting, in the form of the kernel's ring; nothing when there is none.
Result<std::optional<std::string>> readAuditGroup(int fd);

}  // namespace apparmor
