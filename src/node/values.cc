#include "values.h"

#include "../core/text.h"

namespace apparmor::node {

Napi::Error toError(Napi::Env env, const Failure& failure) {
  Napi::Error error = Napi::Error::New(env, failure.call);
  Napi::Object properties = error.Value();
  properties.Set("errno", -failure.error);
  properties.Set("syscall", failure.call);
  if (!failure.path.empty()) properties.Set("path", toValue(env, failure.path));
  return error;
}

Napi::Value fail(Napi::Env env, const Failure& failure) {
  toError(env, failure).ThrowAsJavaScriptException();
  return {};
}

Napi::Value toValue(Napi::Env env, std::string_view bytes) {
  if (isAscii(bytes)) return Napi::String::New(env, bytes);
  return Napi::String::New(env, decode(bytes));
}

Napi::Value toValue(Napi::Env env, const Bytes& bytes) {
  return Napi::Buffer<char>::Copy(env, bytes.text.data(), bytes.text.size());
}

Napi::Value toValue(Napi::Env env, const std::array<int, 2>& pair) {
  auto list = Napi::Array::New(env, pair.size());
  list.Set(0U, pair[0]);
  list.Set(1U, pair[1]);
  return list;
}

}  // namespace apparmor::node
