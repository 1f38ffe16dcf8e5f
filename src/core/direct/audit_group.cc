#include "audit_group.h"

#include <linux/audit.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace apparmor {
namespace {

// Some thousand records, as many as a burst has while JavaScript is busy.
constexpr int kQueueBytes = 8 << 20;
// MAX_AUDIT_MESSAGE_LENGTH of auditd, and more.
constexpr size_t kLongest = 16384;

}  // namespace

Result<UniqueFd> openAuditGroup() {
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT));
  if (!fd) return Failure{errno, "socket"};
  // Without the right to pass the system's limit, as much as that permits.
  if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kQueueBytes, sizeof kQueueBytes) != 0) {
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kQueueBytes, sizeof kQueueBytes);
  }
  sockaddr_nl group{};
  group.nl_family = AF_NETLINK;
  group.nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&group), sizeof group) != 0) {
    return Failure{errno, "bind"};
  }
  return fd;
}

Result<std::optional<std::string>> readAuditGroup(int fd) {
  alignas(nlmsghdr) char message[kLongest];
  while (true) {
    sockaddr_nl sender{};
    socklen_t size = sizeof sender;
    const ssize_t n =
        recvfrom(fd, message, sizeof message, 0, reinterpret_cast<sockaddr*>(&sender), &size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return std::optional<std::string>();
    if (n < 0) return Failure{errno, "recvfrom"};
    if (sender.nl_pid != 0 || n < NLMSG_HDRLEN) continue;
    const auto* header = reinterpret_cast<const nlmsghdr*>(message);
    std::string line = "audit: type=" + std::to_string(header->nlmsg_type) + " ";
    line.append(message + NLMSG_HDRLEN, static_cast<size_t>(n) - NLMSG_HDRLEN);
    return std::optional<std::string>(std::move(line));
  }
}

}  // namespace apparmor
