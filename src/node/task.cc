#include "task.h"

#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

namespace apparmor::node {
namespace {

struct Task {
  std::function<Result<Bytes>()> work;
  std::optional<Result<Bytes>> result{};
  napi_deferred deferred = nullptr;
  napi_async_work handle = nullptr;
};

void execute(napi_env, void* data) {
  auto& task = *static_cast<Task*>(data);
  task.result.emplace(task.work());
}

void complete(napi_env env, napi_status status, void* data) {
  const std::unique_ptr<Task> task(static_cast<Task*>(data));
  napi_delete_async_work(env, task->handle);
  if (status != napi_ok) return;  // its environment ends before it has begun
  const auto& result = *task->result;
  if (result) {
    napi_resolve_deferred(env, task->deferred, toValue(env, *result));
  } else {
    napi_reject_deferred(env, task->deferred, toError(env, result.failure()));
  }
}

}  // namespace

napi_value startTask(napi_env env, std::function<Result<Bytes>()> work) {
  auto task = std::make_unique<Task>(Task{std::move(work)});
  napi_value promise = nullptr;
  napi_create_promise(env, &task->deferred, &promise);
  napi_value name = toValue(env, std::string_view("apparmor"));
  napi_create_async_work(env, nullptr, name, execute, complete, task.get(), &task->handle);
  if (napi_queue_async_work(env, task->handle) != napi_ok) {
    return fail(env, {EAGAIN, "napi_queue_async_work"});
  }
  (void)task.release();  // complete() has it
  return promise;
}

}  // namespace apparmor::node
