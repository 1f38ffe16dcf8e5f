// The kernel's audit records as they are made, by the multicast group AUDIT_NLGRP_READLOG.
//
// Not by libapparmor: it reads a record that is there, and follows no log.
//
// Kernel contract: it takes CAP_AUDIT_READ, and exists in the initial network namespace alone. Each message
// is a netlink header and the text of one record. What a reader does not take in time is dropped, and
// ENOBUFS tells so once. Whoever has CAP_NET_ADMIN can send to this socket, so the sender is looked at.
// AUDIT_GET, which takes CAP_AUDIT_CONTROL in the initial user namespace, gives what the kernel counts itself; a
// thread of the kernel answers it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "../result.h"
#include "../unique_fd.h"

namespace apparmor {

Result<UniqueFd> openAuditGroup();

// Takes the next record, without waiting, in the form of the kernel's ring; nothing when there is none.
Result<std::optional<std::string>> readAuditGroup(int fd);

struct AuditStatus {
  uint32_t lost;       // records that the kernel has dropped since it started
  uint32_t rateLimit;  // audit_rate_limit, 0 for none
  bool daemon;         // whether an audit daemon is connected
};

// Waits for the answer, at most 100 ms: ETIMEDOUT.
Result<AuditStatus> auditStatus();

}  // namespace apparmor
