// The one door between core results and JavaScript: values out, failures thrown.
// A failure is thrown as a plain Error with { errno < 0, syscall, path? }; lib/errors.ts gives it a
// code, a text and a JavaScript stack.
#pragma once

#include <napi.h>

#include <string>
#include <string_view>
#include <vector>

#include "../core/policy.h"
#include "../core/result.h"

namespace apparmor::node {

Napi::Value fail(Napi::Env env, const Failure& failure);
Napi::Error toError(Napi::Env env, const Failure& failure);

// A kernel string for JavaScript, lossless (core/text.h).
Napi::Value toText(Napi::Env env, std::string_view bytes);

// A JavaScript string for the kernel. lib/args.ts has checked it, so a wrong one is our own mistake
// and ends in a TypeError: nothing when that is pending.
std::optional<std::string> toBytes(const Napi::Value& value);

std::optional<std::vector<std::string>> toByteList(const Napi::Value& value);

inline Napi::Value convert(Napi::Env env, const Done&) {
  return env.Undefined();
}
inline Napi::Value convert(Napi::Env env, const std::string& bytes) {
  return toText(env, bytes);
}
inline Napi::Value convert(Napi::Env env, const Bytes& bytes) {
  return Napi::Buffer<char>::Copy(env, bytes.text.data(), bytes.text.size());
}
inline Napi::Value convert(Napi::Env env, const std::optional<std::string>& bytes) {
  return bytes ? toText(env, *bytes) : env.Null();
}

template <class T>
Napi::Value answer(Napi::Env env, Result<T> result) {
  if (!result) return fail(env, result.failure());
  return convert(env, *result);
}

}  // namespace apparmor::node
