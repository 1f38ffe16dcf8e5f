// The one door from core to JavaScript: values out, and failures thrown.
// A failure is a plain Error with { errno < 0, syscall, path? }; lib/border/errors.ts gives it a code, a text
// and a JavaScript stack.
// In a Worker that is being terminated, calls of Node-API fail at any moment. node-addon-api then gives empty
// values and, by NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS, throws nothing; whatever is returned is dropped.
#pragma once

#include <napi.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "../core/result.h"
#include "../core/rows.h"

namespace apparmor::node {

Napi::Error toError(Napi::Env env, const Failure& failure);
Napi::Value fail(Napi::Env env, const Failure& failure);

// A kernel string, lossless (core/text.h).
Napi::Value toValue(Napi::Env env, std::string_view bytes);
Napi::Value toValue(Napi::Env env, const Bytes& bytes);
Napi::Value toValue(Napi::Env env, const std::array<int, 2>& pair);
// With both of these, a number of another type does not compile: an int would cut it off.
inline Napi::Value toValue(Napi::Env env, int number) {
  return Napi::Number::New(env, number);
}
inline Napi::Value toValue(Napi::Env env, double number) {
  return Napi::Number::New(env, number);
}
inline Napi::Value toValue(Napi::Env, const Done&) {
  return {};  // undefined
}
template <class T>
Napi::Value toValue(Napi::Env env, const std::optional<T>& value) {
  return value ? toValue(env, *value) : env.Null();
}

template <class T>
Napi::Value answer(Napi::Env env, const Result<T>& result) {
  return result ? toValue(env, *result) : fail(env, result.failure());
}

}  // namespace apparmor::node
