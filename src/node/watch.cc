#include <pthread.h>

#include <memory>
#include <utility>

#include "../core/direct/revision.h"
#include "arguments.h"
#include "exports.h"
#include "values.h"

namespace apparmor::node {
namespace {

using Next = Result<std::optional<std::string>>;

struct Watcher;
void hand(Napi::Env env, Napi::Function onRevision, Watcher* watcher, Next* next);
using Deliver = Napi::TypedThreadSafeFunction<Watcher, Next, hand>;

// A thread that waits for revisions and hands each to JavaScript. It ends when it is stopped or its
// environment ends; then the finalizer, on the JavaScript thread, joins it.
struct Watcher {
  std::shared_ptr<RevisionWatch> watch;
  Deliver deliver{};
  pthread_t thread{};
  bool started = false;
};

// Runs on the watcher's thread; must not touch JavaScript.
void* wait(void* data) {
  const auto& watcher = *static_cast<Watcher*>(data);
  const Deliver deliver = watcher.deliver;
  bool goesOn = true;
  while (goesOn) {
    auto next = std::make_unique<Next>(watcher.watch->next());
    const bool stopped = *next && !**next;
    if (stopped) break;
    goesOn = static_cast<bool>(*next);
    // An environment that ends takes no more, not even a release.
    if (deliver.NonBlockingCall(next.get()) != napi_ok) return nullptr;
    (void)next.release();  // hand() has it
  }
  deliver.Release();
  return nullptr;
}

// onRevision(error, revision)
void hand(Napi::Env env, Napi::Function onRevision, Watcher*, Next* next) {
  const std::unique_ptr<Next> owned(next);
  if (static_cast<napi_env>(env) == nullptr) return;
  if (*next) {
    onRevision.Call({env.Null(), toValue(env, **next)});
  } else {
    onRevision.Call({toError(env, next->failure()).Value(), env.Null()});
  }
}

void finish(Napi::Env, Watcher* watcher, Watcher*) {
  const std::unique_ptr<Watcher> owned(watcher);
  watcher->watch->stop();
  if (watcher->started) pthread_join(watcher->thread, nullptr);
}

}  // namespace

// watchRevision(namespace, keepsLoop, onRevision) → function that stops it, and may outlive the watcher
Napi::Value watchRevision(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info);
  const std::string policyNamespace = arguments.bytes(0);
  const bool keepsLoop = arguments.flag(1);
  const Napi::Function onRevision = arguments.function(2);
  if (arguments.wrong()) return {};
  auto opened = RevisionWatch::open(policyNamespace);
  if (!opened) return fail(env, opened.failure());
  const std::shared_ptr<RevisionWatch> watch(std::move(*opened));

  auto watcher = std::make_unique<Watcher>(Watcher{watch});
  watcher->deliver =
      Deliver::New(env, onRevision, "apparmor.watch", 0, 1, watcher.get(), finish, watcher.get());
  if (static_cast<napi_threadsafe_function>(watcher->deliver) == nullptr) return {};
  Watcher& running = *watcher.release();  // finish() has it
  if (const int error = pthread_create(&running.thread, nullptr, wait, &running)) {
    running.deliver.Abort();
    return fail(env, {error, "pthread_create"});
  }
  running.started = true;
  if (!keepsLoop) running.deliver.Unref(env);
  return Napi::Function::New(
      env, [watch](const Napi::CallbackInfo&) { watch->stop(); }, "stop");
}

}  // namespace apparmor::node
