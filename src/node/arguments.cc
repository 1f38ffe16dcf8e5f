#include "arguments.h"

#include <utility>

#include "../core/text.h"

namespace apparmor::node {

// The first wrong one is told.
bool Arguments::check(bool right) {
  if (!right && !std::exchange(wrong_, true)) {
    Napi::TypeError::New(info_.Env(), "apparmor: native argument not checked")
        .ThrowAsJavaScriptException();
  }
  return right;
}

std::string Arguments::toBytes(const Napi::Value& value) {
  if (!check(value.IsString())) return {};
  auto bytes = encode(value.As<Napi::String>().Utf16Value());
  return check(bytes.has_value()) ? std::move(*bytes) : std::string();
}

int Arguments::toInteger(const Napi::Value& value) {
  return check(value.IsNumber()) ? value.As<Napi::Number>().Int32Value() : 0;
}

template <class Each>
void Arguments::eachElement(size_t index, const Each& each) {
  if (!check(info_[index].IsArray())) return;
  const auto array = info_[index].As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length() && !wrong_; ++i) each(array.Get(i));
}

std::vector<std::string> Arguments::byteList(size_t index) {
  std::vector<std::string> list;
  eachElement(index, [&](const Napi::Value& element) { list.push_back(toBytes(element)); });
  return list;
}

std::vector<int> Arguments::integers(size_t index) {
  std::vector<int> list;
  eachElement(index, [&](const Napi::Value& element) { list.push_back(toInteger(element)); });
  return list;
}

double Arguments::number(size_t index) {
  return check(info_[index].IsNumber()) ? info_[index].As<Napi::Number>().DoubleValue() : 0;
}

uint64_t Arguments::token(size_t index) {
  if (!check(info_[index].IsBigInt())) return 0;
  bool lossless = false;
  const uint64_t token = info_[index].As<Napi::BigInt>().Uint64Value(&lossless);
  return check(lossless) ? token : 0;
}

bool Arguments::flag(size_t index) {
  return check(info_[index].IsBoolean()) && info_[index].As<Napi::Boolean>().Value();
}

std::string Arguments::data(size_t index) {
  if (!check(info_[index].IsTypedArray())) return {};
  const auto array = info_[index].As<Napi::TypedArray>();
  if (!check(array.TypedArrayType() == napi_uint8_array)) return {};
  const auto bytes = array.As<Napi::Uint8Array>();
  return {reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()};
}

Napi::Function Arguments::function(size_t index) {
  return check(info_[index].IsFunction()) ? info_[index].As<Napi::Function>() : Napi::Function();
}

}  // namespace apparmor::node
