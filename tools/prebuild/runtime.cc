// What little of a C++ runtime the addon needs, so that a prebuilt binary needs none: no libstdc++ of
// a certain age, and on musl none at all. Without exceptions, what would throw ends the process, as it
// does with libstdc++ under -fno-exceptions.
#include <pthread.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace {

[[noreturn]] void die(const char* why) {
  fprintf(stderr, "apparmor: %s\n", why);
  abort();
}

void* allocate(size_t size) {
  void* const memory = malloc(size == 0 ? 1 : size);
  if (memory == nullptr) die("out of memory");
  return memory;
}

}  // namespace

void* operator new(size_t size) {
  return allocate(size);
}
void* operator new[](size_t size) {
  return allocate(size);
}
void operator delete(void* memory) noexcept {
  free(memory);
}
void operator delete[](void* memory) noexcept {
  free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  free(memory);
}
void operator delete[](void* memory, size_t) noexcept {
  free(memory);
}

namespace std {

[[noreturn]] void __throw_bad_alloc() {
  die("out of memory");
}
[[noreturn]] void __throw_bad_array_new_length() {
  die("an array is too long");
}
[[noreturn]] void __throw_length_error(const char* where) {
  die(where);
}
[[noreturn]] void __throw_logic_error(const char* where) {
  die(where);
}
[[noreturn]] void __throw_out_of_range(const char* where) {
  die(where);
}
[[noreturn]] void __throw_out_of_range_fmt(const char* where, ...) {
  die(where);
}
[[noreturn]] void __throw_system_error(int) {
  die("a lock failed");
}
[[noreturn]] void __throw_bad_function_call() {
  die("an empty function was called");
}
[[noreturn]] void __throw_bad_optional_access() {
  die("an empty optional was read");
}

}  // namespace std

extern "C" {

// Names this shared object to atexit().
void* __dso_handle = &__dso_handle;

[[noreturn]] void __cxa_pure_virtual() {
  die("a pure virtual function was called");
}

// A static object of a function: the first thread that comes by makes it, and others wait. The compiler itself
// reads the first byte, which says that it is made; the second says that a thread is at it.
static pthread_mutex_t gStaticsLock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gStaticsChange = PTHREAD_COND_INITIALIZER;

int __cxa_guard_acquire(char* guard) {
  pthread_mutex_lock(&gStaticsLock);
  while (guard[0] == 0 && guard[1] != 0) pthread_cond_wait(&gStaticsChange, &gStaticsLock);
  const bool ours = guard[0] == 0;
  if (ours) guard[1] = 1;
  pthread_mutex_unlock(&gStaticsLock);
  return ours;
}

void __cxa_guard_release(char* guard) {
  pthread_mutex_lock(&gStaticsLock);
  guard[1] = 0;
  __atomic_store_n(&guard[0], 1, __ATOMIC_RELEASE);
  pthread_cond_broadcast(&gStaticsChange);
  pthread_mutex_unlock(&gStaticsLock);
}

// Destructors of thread_local objects. The object is linked -z nodelete, so they stay callable.
struct ThreadExit {
  void (*destroy)(void*);
  void* object;
  ThreadExit* next;
};

static pthread_key_t gThreadExits;
static pthread_once_t gThreadExitsOnce = PTHREAD_ONCE_INIT;

static void runThreadExits(void* list) {
  for (auto* entry = static_cast<ThreadExit*>(list); entry != nullptr;) {
    ThreadExit* const next = entry->next;
    entry->destroy(entry->object);
    free(entry);
    entry = next;
  }
}

static void makeThreadExits() {
  if (pthread_key_create(&gThreadExits, runThreadExits) != 0) die("no key for thread_local");
}

int __cxa_thread_atexit(void (*destroy)(void*), void* object, void*) {
  pthread_once(&gThreadExitsOnce, makeThreadExits);
  auto* const next = static_cast<ThreadExit*>(pthread_getspecific(gThreadExits));
  auto* const entry = static_cast<ThreadExit*>(allocate(sizeof(ThreadExit)));
  *entry = {destroy, object, next};
  return pthread_setspecific(gThreadExits, entry);
}

}  // extern "C"
