// An asynchronous call: a core function on a thread of the pool, and a promise for what it returns.
#pragma once

#include <napi.h>

#include <optional>
#include <utility>

#include "guard.h"

namespace apparmor::node {

template <class Work>
class Task : public Napi::AsyncWorker {
 public:
  Task(Napi::Env env, Work work) : Napi::AsyncWorker(env), deferred_(env), work_(std::move(work)) {}

  Napi::Value promise() const { return deferred_.Promise(); }

 private:
  void Execute() override { result_.emplace(work_()); }

  void OnOK() override {
    auto& result = *result_;
    if (result) {
      deferred_.Resolve(convert(Env(), *result));
    } else {
      deferred_.Reject(toError(Env(), result.failure()).Value());
    }
  }

  Napi::Promise::Deferred deferred_;
  Work work_;
  std::optional<decltype(std::declval<Work&>()())> result_;
};

// `work` returns a Result; it runs on a pool thread and must not touch JavaScript.
template <class Work>
Napi::Value startTask(Napi::Env env, Work work) {
  auto* task = new Task<Work>(env, std::move(work));  // deletes itself
  const Napi::Value promise = task->promise();
  task->Queue();
  return promise;
}

}  // namespace apparmor::node
