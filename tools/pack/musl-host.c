// Stands in for a Node.js that is built with musl: exports Node-API's functions by name (MUSL_HOST_NAMES),
// loads a binary with all its symbols bound, and asks it for its version.
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>

#define NAME(name) \
  void name(void) {}
MUSL_HOST_NAMES

int main(int argc, char **argv) {
  void *binary = dlopen(argc > 1 ? argv[1] : "", RTLD_NOW);
  if (!binary) return fprintf(stderr, "%s\n", dlerror()), 1;
  int32_t (*version)(void) = (int32_t(*)(void))dlsym(binary, "node_api_module_get_api_version_v1");
  if (!version || !dlsym(binary, "napi_register_module_v1")) return 1;
  printf("%d\n", version());
  return 0;
}
