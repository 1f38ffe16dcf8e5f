#include "query.h"

#include <fcntl.h>
#include <sys/apparmor.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "../availability.h"
#include "../unique_fd.h"

namespace apparmor {
namespace {

constexpr const char* kCall = "aa_query_label";
constexpr const char* kUsual = "/sys/kernel/security/apparmor/.access";

// The kernel's MULTI_TRANSACTION_LIMIT is a page without a small header; it says EFBIG itself.
int ask(int fd, const std::string& question, char* answer, size_t size) {
  ssize_t n = write(fd, question.data(), question.size());
  if (n < 0) return errno;
  if (static_cast<size_t>(n) != question.size()) return EPROTO;
  n = read(fd, answer, size - 1);
  if (n < 0) return errno;
  answer[n] = '\0';
  return 0;
}

// As libapparmor takes it: room for the command, the label, NUL, and what to match.
std::string makeQuestion(std::string_view label, std::string_view match) {
  std::string question(AA_QUERY_CMD_LABEL, AA_QUERY_CMD_LABEL_SIZE);
  question += label;
  question += '\0';
  question += match;
  return question;
}

Access judge(const Permissions& found, uint32_t mask) {
  const bool allowed = (mask & ~(found.allow & ~found.deny)) == 0;
  const uint32_t audit = allowed ? found.audit : ~0U;
  return {allowed, (mask & ~(audit & ~found.quiet)) == 0};
}

}  // namespace

Result<Access> queryAccess(std::string_view label, std::string_view match, uint32_t mask) {
  // Where it is usually seen, libapparmor finds it, too; a first call elsewhere could be its last that works.
  if (access(kUsual, F_OK) == 0) {
    std::string question = makeQuestion(label, match);
    int allowed = 0;
    int audited = 0;
    if (aa_query_label(mask, question.data(), question.size(), &allowed, &audited) == 0)
      return Access{allowed != 0, audited != 0};
    // These speak of the interface that libapparmor remembers.
    if (errno != ENOMEM && errno != EPROTONOSUPPORT) return Failure{errno, kCall};
  }
  const auto found = queryLabel(label, match);
  if (!found) return found.failure();
  return judge(*found, mask);
}

Result<Permissions> queryLabel(std::string_view label, std::string_view match) {
  UniqueFd fd(open(kUsual, O_RDWR | O_CLOEXEC));
  if (!fd && errno == ENOENT) {
    const auto mountpoint = findMountpoint();
    if (!mountpoint) return mountpoint.failure();
    const std::string path = *mountpoint + "/.access";
    fd = UniqueFd(open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd) return Failure{errno, kCall, path};
  }
  if (!fd) return Failure{errno, kCall, kUsual};

  const std::string question = makeQuestion(label, match);
  char answer[128];
  if (const int error = ask(fd.get(), question, answer, sizeof answer))
    return Failure{error, kCall};
  Permissions found{};
  const int fields = sscanf(answer, "allow 0x%8x deny 0x%8x audit 0x%8x quiet 0x%8x", &found.allow,
                            &found.deny, &found.audit, &found.quiet);
  if (fields != 4) return Failure{EPROTO, kCall};
  return found;
}

}  // namespace apparmor
