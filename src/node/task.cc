#include "task.h"

#include <cerrno>
#include <optional>
#include <utility>

#include "values.h"

namespace apparmor::node {
namespace {

class Task : public Napi::AsyncWorker {
 public:
  Task(Napi::Env env, std::function<Result<Bytes>()> work)
      : AsyncWorker(env, "apparmor"), work_(std::move(work)) {}

  // Null when its environment is being terminated. Napi::Promise::Deferred would hold a value that was never
  // set.
  napi_value makePromise() {
    napi_value promise = nullptr;
    napi_create_promise(Env(), &deferred_, &promise);
    return promise;
  }

 private:
  void Execute() override { result_.emplace(work_()); }

  void OnOK() override {
    const Result<Bytes>& result = *result_;
    if (result) {
      napi_resolve_deferred(Env(), deferred_, toValue(Env(), *result));
    } else {
      napi_reject_deferred(Env(), deferred_, toError(Env(), result.failure()).Value());
    }
  }

  std::function<Result<Bytes>()> work_;
  std::optional<Result<Bytes>> result_;
  napi_deferred deferred_ = nullptr;
};

}  // namespace

Napi::Value startTask(Napi::Env env, std::function<Result<Bytes>()> work) {
  auto task = std::make_unique<Task>(env, std::move(work));
  napi_value promise = task->makePromise();
  if (promise == nullptr) return {};
  if (napi_queue_async_work(env, *task) != napi_ok) {
    return fail(env, {EAGAIN, "napi_queue_async_work"});
  }
  (void)task.release();  // it deletes itself when it is done
  return {env, promise};
}

}  // namespace apparmor::node
