#include "peer.h"

#include <sys/socket.h>

#include <cerrno>

#include "../library.h"

namespace apparmor {

Result<std::string> peerLabel(int fd) {
  if (auto known = labelOfPeer(fd)) return std::move(*known);
  std::string label(256, '\0');
  while (true) {
    auto size = static_cast<socklen_t>(label.size());
    const int result = getsockopt(fd, SOL_SOCKET, SO_PEERSEC, label.data(), &size);
    const int error = result == 0 ? 0 : errno;
    if (error != 0 && (error != ERANGE || size <= label.size())) {
      return Failure{error, "aa_getpeercon"};
    }
    label.resize(size);
    if (error == 0) break;
  }
  while (!label.empty() && (label.back() == '\n' || label.back() == '\0')) label.pop_back();
  if (label.empty()) return Failure{ENOPROTOOPT, "aa_getpeercon"};
  return label;
}

}  // namespace apparmor
