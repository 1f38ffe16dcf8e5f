#include <pthread.h>

#include <memory>

#include "../core/revision.h"
#include "exports.h"
#include "guard.h"

namespace apparmor::node {
namespace {

using Next = Result<std::optional<std::string>>;

// A thread that waits for revisions and hands each to JavaScript. It ends when it is stopped or its
// environment ends; then the finalizer, on the JavaScript thread, joins it.
struct Watcher {
  std::shared_ptr<RevisionWatch> watch;
  napi_threadsafe_function deliver = nullptr;
  pthread_t thread{};
  bool started = false;
};

// Runs on the watcher's thread; must not touch JavaScript.
void* wait(void* data) {
  const auto& watcher = *static_cast<Watcher*>(data);
  const napi_threadsafe_function deliver = watcher.deliver;
  bool goesOn = true;
  while (goesOn) {
    auto next = std::make_unique<Next>(watcher.watch->next());
    const bool stopped = *next && !**next;
    if (stopped) break;
    goesOn = static_cast<bool>(*next);
    if (napi_call_threadsafe_function(deliver, next.get(), napi_tsfn_nonblocking) != napi_ok) break;
    next.release();  // hand() has it
  }
  napi_release_threadsafe_function(deliver, napi_tsfn_release);
  return nullptr;
}

// onRevision(error, revision)
void hand(napi_env env, napi_value onRevision, void*, void* data) {
  const std::unique_ptr<Next> next(static_cast<Next*>(data));
  if (env == nullptr) return;
  const Napi::Value none = Napi::Env(env).Null();
  const Napi::Value error = *next ? none : toError(env, next->failure()).Value();
  Napi::Function(env, onRevision).Call({error, *next ? convert(env, **next) : none});
}

void finish(napi_env, void* data, void*) {
  const std::unique_ptr<Watcher> watcher(static_cast<Watcher*>(data));
  watcher->watch->stop();
  if (watcher->started) pthread_join(watcher->thread, nullptr);
}

}  // namespace

// watchRevision(namespace, keepsLoop, onRevision) → function that stops it
Napi::Value watchRevision(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto policyNamespace = toBytes(info[0]);
  if (!policyNamespace) return env.Undefined();
  auto opened = RevisionWatch::open(*policyNamespace);
  if (!opened) return fail(env, opened.failure());
  std::shared_ptr<RevisionWatch> watch(std::move(*opened));

  auto* watcher = new Watcher{watch};
  const napi_status status = napi_create_threadsafe_function(
      env, info[2], nullptr, Napi::String::New(env, "apparmor.watch"), 0, 1, watcher, finish,
      nullptr, hand, &watcher->deliver);
  if (status != napi_ok) delete watcher;
  NAPI_THROW_IF_FAILED(env, status, env.Undefined());
  if (const int error = pthread_create(&watcher->thread, nullptr, wait, watcher)) {
    napi_release_threadsafe_function(watcher->deliver, napi_tsfn_abort);
    return fail(env, {error, "pthread_create"});
  }
  watcher->started = true;
  if (!info[1].As<Napi::Boolean>().Value()) {
    napi_unref_threadsafe_function(env, watcher->deliver);
  }
  return Napi::Function::New(env, [watch](const Napi::CallbackInfo&) { watch->stop(); });
}

}  // namespace apparmor::node
