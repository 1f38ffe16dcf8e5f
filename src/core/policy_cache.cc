#include "policy_cache.h"

#include <fcntl.h>
#include <sys/apparmor.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "features.h"

namespace apparmor {
namespace {

struct Unref {
  void operator()(aa_policy_cache* cache) const { aa_policy_cache_unref(cache); }
};
using Cache = std::unique_ptr<aa_policy_cache, Unref>;

constexpr uint16_t kOnlyExisting = 0;
constexpr uint16_t kNeverReap = UINT16_MAX;

Result<Cache> openCache(const std::string& path, const std::string& features, uint16_t most) {
  const auto set = openFeatures(features);
  if (!set) return set.failure();
  aa_policy_cache* cache = nullptr;
  if (aa_policy_cache_new(&cache, set->get(), AT_FDCWD, path.c_str(), most) != 0) {
    return Failure{errno, "aa_policy_cache_new", path};
  }
  return Cache(cache);
}

Result<std::string> take(char* text, const std::string& path) {
  if (text == nullptr) return Failure{errno, "aa_policy_cache_dir_path", path};
  std::string directory(text);
  free(text);
  return directory;
}

}  // namespace

Result<std::string> cacheDirectory(const std::string& path, const std::string& features) {
  const auto set = openFeatures(features);
  if (!set) return set.failure();
  return take(aa_policy_cache_dir_path_preview(set->get(), AT_FDCWD, path.c_str()), path);
}

Result<std::string> makeCache(const std::string& path, const std::string& features) {
  const auto cache = openCache(path, features, kNeverReap);
  if (!cache) return cache.failure();
  return take(aa_policy_cache_dir_path(cache->get(), 0), path);
}

Result<Done> removeCache(const std::string& path) {
  if (aa_policy_cache_remove(AT_FDCWD, path.c_str()) == 0) return Done{};
  return Failure{errno, "aa_policy_cache_remove", path};
}

Result<Done> loadCache(const std::string& path) {
  const auto cache = openCache(path, {}, kOnlyExisting);
  if (!cache) return cache.failure();
  if (aa_policy_cache_replace_all(cache->get(), nullptr) == 0) return Done{};
  return Failure{errno, "aa_policy_cache_replace_all", path};
}

}  // namespace apparmor
