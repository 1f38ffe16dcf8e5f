#include "guard.h"

#include <cstring>

#include "../core/text.h"

namespace apparmor::node {

Napi::Value fail(Napi::Env env, const Failure& failure) {
  toError(env, failure).ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Error toError(Napi::Env env, const Failure& failure) {
  Napi::Error error =
      Napi::Error::New(env, std::string(failure.call) + ": " + strerror(failure.error));
  error.Set("errno", Napi::Number::New(env, -failure.error));
  error.Set("syscall", Napi::String::New(env, failure.call));
  if (!failure.path.empty()) error.Set("path", toText(env, failure.path));
  return error;
}

Napi::Value toText(Napi::Env env, std::string_view bytes) {
  napi_value value = nullptr;
  napi_status status = napi_ok;
  if (isAscii(bytes)) {
    status = napi_create_string_latin1(env, bytes.data(), bytes.size(), &value);
  } else {
    const std::u16string text = decode(bytes);
    status = napi_create_string_utf16(env, text.data(), text.size(), &value);
  }
  NAPI_THROW_IF_FAILED(env, status, Napi::Value());
  return Napi::Value(env, value);
}

std::optional<std::string> toBytes(const Napi::Value& value) {
  if (value.IsString()) {
    if (auto bytes = encode(value.As<Napi::String>().Utf16Value())) return bytes;
  }
  Napi::TypeError::New(value.Env(), "apparmor: native argument not checked")
      .ThrowAsJavaScriptException();
  return std::nullopt;
}

std::optional<std::vector<std::string>> toByteList(const Napi::Value& value) {
  std::vector<std::string> list;
  const auto array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) {
    auto bytes = toBytes(array.Get(i));
    if (!bytes) return std::nullopt;
    list.push_back(std::move(*bytes));
  }
  return list;
}

}  // namespace apparmor::node
