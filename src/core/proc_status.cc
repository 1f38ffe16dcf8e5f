#include "proc_status.h"

namespace apparmor {

std::string_view statusField(std::string_view status, std::string_view name) {
  const size_t at = status.find(name);
  if (at == std::string_view::npos) return {};
  const size_t start = at + name.size();
  return status.substr(start, status.find_first_of("\t \n", start) - start);
}

std::string statusCommand(std::string_view status) {
  constexpr std::string_view kName = "Name:\t";
  if (status.size() < kName.size()) return {};
  std::string name(status.substr(kName.size(), status.find('\n') - kName.size()));
  size_t to = 0;
  for (size_t from = 0; from < name.size(); ++from, ++to) {
    const bool escape = name[from] == '\\' && from + 1 < name.size();
    if (escape) ++from;
    name[to] = escape && name[from] == 'n' ? '\n' : name[from];
  }
  name.resize(to);
  return name;
}

}  // namespace apparmor
