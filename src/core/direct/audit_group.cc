#include "audit_group.h"

#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

namespace apparmor {
namespace {

// Some thousand records, as many as a burst has while JavaScript is busy.
constexpr int kQueueBytes = 8 << 20;
// MAX_AUDIT_MESSAGE_LENGTH of auditd, and more.
constexpr size_t kLongest = 16384;
constexpr int kPatience = 100;  // milliseconds

// One message from the kernel itself: its size, 0 when there is none.
Result<size_t> receive(int fd, char (&message)[kLongest]) {
  while (true) {
    sockaddr_nl sender{};
    socklen_t size = sizeof sender;
    const ssize_t n =
        recvfrom(fd, message, sizeof message, 0, reinterpret_cast<sockaddr*>(&sender), &size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return size_t{0};
    if (n < 0) return Failure{errno, "recvfrom"};
    if (sender.nl_pid == 0 && n >= NLMSG_HDRLEN) return static_cast<size_t>(n);
  }
}

Result<UniqueFd> openSocket() {
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT));
  if (!fd) return Failure{errno, "socket"};
  return fd;
}

}  // namespace

Result<UniqueFd> openAuditGroup() {
  auto fd = openSocket();
  if (!fd) return fd;
  // Without the right to pass the system's limit, as much as that permits.
  if (setsockopt(fd->get(), SOL_SOCKET, SO_RCVBUFFORCE, &kQueueBytes, sizeof kQueueBytes) != 0) {
    setsockopt(fd->get(), SOL_SOCKET, SO_RCVBUF, &kQueueBytes, sizeof kQueueBytes);
  }
  sockaddr_nl group{};
  group.nl_family = AF_NETLINK;
  group.nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1);
  if (bind(fd->get(), reinterpret_cast<const sockaddr*>(&group), sizeof group) != 0) {
    return Failure{errno, "bind"};
  }
  return fd;
}

Result<std::optional<std::string>> readAuditGroup(int fd) {
  alignas(nlmsghdr) char message[kLongest];
  const auto size = receive(fd, message);
  if (!size) return size.failure();
  if (*size == 0) return std::optional<std::string>();
  const auto* header = reinterpret_cast<const nlmsghdr*>(message);
  std::string line = "audit: type=" + std::to_string(header->nlmsg_type) + " ";
  line.append(message + NLMSG_HDRLEN, *size - NLMSG_HDRLEN);
  return std::optional<std::string>(std::move(line));
}

Result<AuditStatus> auditStatus() {
  const auto fd = openSocket();
  if (!fd) return fd.failure();
  nlmsghdr request{};
  request.nlmsg_len = sizeof request;
  request.nlmsg_type = AUDIT_GET;
  request.nlmsg_flags = NLM_F_REQUEST;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (sendto(fd->get(), &request, sizeof request, 0, reinterpret_cast<const sockaddr*>(&kernel),
             sizeof kernel) < 0) {
    return Failure{errno, "sendto"};
  }
  pollfd answer{fd->get(), POLLIN, 0};
  if (poll(&answer, 1, kPatience) < 0) return Failure{errno, "poll"};
  alignas(nlmsghdr) char message[kLongest];
  const auto size = receive(fd->get(), message);
  if (!size) return size.failure();
  if (*size == 0) return Failure{ETIMEDOUT, "poll"};
  const auto type = reinterpret_cast<const nlmsghdr*>(message)->nlmsg_type;
  const char* body = message + NLMSG_HDRLEN;
  const size_t length = *size - NLMSG_HDRLEN;
  if (type == NLMSG_ERROR && length >= sizeof(nlmsgerr)) {
    nlmsgerr refusal;
    std::memcpy(&refusal, body, sizeof refusal);
    return Failure{-refusal.error, "sendto"};
  }
  // Kernels add fields at the end.
  if (type != AUDIT_GET || length < offsetof(audit_status, backlog)) {
    return Failure{EPROTO, "recvfrom"};
  }
  audit_status status{};
  std::memcpy(&status, body, std::min(length, sizeof status));
  return AuditStatus{status.lost, status.rate_limit, status.pid != 0};
}

}  // namespace apparmor
