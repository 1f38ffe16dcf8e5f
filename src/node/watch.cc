#include <pthread.h>

#include <cerrno>
#include <memory>

#include "../core/revision.h"
#include "exports.h"

namespace apparmor::node {
namespace {

using Next = Result<std::optional<std::string>>;
using SharedWatch = std::shared_ptr<RevisionWatch>;

// A thread that waits for revisions and hands each to JavaScript. It ends when it is stopped or its
// environment ends; then the finalizer, on the JavaScript thread, joins it.
struct Watcher {
  SharedWatch watch;
  napi_threadsafe_function deliver = nullptr;
  pthread_t thread{};
  bool started = false;
};

// Runs on the watcher's thread; must not touch JavaScript.
void* wait(void* data) {
  const auto& watcher = *static_cast<Watcher*>(data);
  napi_threadsafe_function deliver = watcher.deliver;
  bool goesOn = true;
  while (goesOn) {
    auto next = std::make_unique<Next>(watcher.watch->next());
    const bool stopped = *next && !**next;
    if (stopped) break;
    goesOn = static_cast<bool>(*next);
    // An environment that ends takes no more, not even a release.
    if (napi_call_threadsafe_function(deliver, next.get(), napi_tsfn_nonblocking) != napi_ok) {
      return nullptr;
    }
    (void)next.release();  // hand() has it
  }
  napi_release_threadsafe_function(deliver, napi_tsfn_release);
  return nullptr;
}

// onRevision(error, revision)
void hand(napi_env env, napi_value onRevision, void*, void* data) {
  const std::unique_ptr<Next> next(static_cast<Next*>(data));
  if (env == nullptr) return;
  napi_value none = toNull(env);
  const napi_value arguments[] = {*next ? none : toError(env, next->failure()),
                                  *next ? toValue(env, **next) : none};
  napi_value self = nullptr;
  napi_get_undefined(env, &self);
  napi_call_function(env, self, onRevision, 2, arguments, nullptr);
}

void finish(napi_env, void* data, void*) {
  const std::unique_ptr<Watcher> watcher(static_cast<Watcher*>(data));
  watcher->watch->stop();
  if (watcher->started) pthread_join(watcher->thread, nullptr);
}

napi_value stop(napi_env env, napi_callback_info info) {
  void* watch = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &watch);
  (*static_cast<SharedWatch*>(watch))->stop();
  return nullptr;
}

void forget(napi_env, void* watch, void*) {
  delete static_cast<SharedWatch*>(watch);
}

// A function that stops it. It may outlive the watcher.
napi_value stopper(napi_env env, const SharedWatch& watch) {
  auto* data = new SharedWatch(watch);
  napi_value function = nullptr;
  napi_create_function(env, "stop", NAPI_AUTO_LENGTH, stop, data, &function);
  if (napi_add_finalizer(env, function, data, forget, nullptr, nullptr) != napi_ok) {
    delete data;
    return nullptr;
  }
  return function;
}

}  // namespace

// watchRevision(namespace, keepsLoop, onRevision) → function that stops it
napi_value watchRevision(Call& call) {
  napi_env env = call.env();
  const std::string policyNamespace = call.bytes(0);
  const bool keepsLoop = call.flag(1);
  if (call.wrong()) return nullptr;
  auto opened = RevisionWatch::open(policyNamespace);
  if (!opened) return fail(env, opened.failure());
  const SharedWatch watch(std::move(*opened));

  auto watcher = std::make_unique<Watcher>(Watcher{watch});
  napi_value name = toValue(env, std::string_view("apparmor.watch"));
  if (napi_create_threadsafe_function(env, call.function(2), nullptr, name, 0, 1, watcher.get(),
                                      finish, nullptr, hand, &watcher->deliver) != napi_ok) {
    return fail(env, {EINVAL, "napi_create_threadsafe_function"});
  }
  Watcher& running = *watcher.release();  // finish() has it
  if (const int error = pthread_create(&running.thread, nullptr, wait, &running)) {
    napi_release_threadsafe_function(running.deliver, napi_tsfn_abort);
    return fail(env, {error, "pthread_create"});
  }
  running.started = true;
  if (!keepsLoop) napi_unref_threadsafe_function(env, running.deliver);
  return stopper(env, watch);
}

}  // namespace apparmor::node
