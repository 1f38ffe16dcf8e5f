#include "call.h"

#include "../core/text.h"

namespace apparmor::node {

Call::Call(napi_env env, napi_callback_info info) : env_(env) {
  size_t count = kMost;  // those that were not given become undefined
  napi_get_cb_info(env, info, &count, arguments_, nullptr, nullptr);
}

void Call::check(bool right) {
  if (right || wrong_) return;
  wrong_ = true;
  napi_throw_type_error(env_, nullptr, "apparmor: native argument not checked");
}

std::string Call::toBytes(napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf16(env_, value, nullptr, 0, &length) == napi_ok) {
    std::u16string text(length, u'\0');
    napi_get_value_string_utf16(env_, value, text.data(), length + 1, &length);
    if (auto bytes = encode(text)) return std::move(*bytes);
  }
  check(false);
  return {};
}

int Call::toInteger(napi_value value) {
  int32_t integer = 0;
  check(napi_get_value_int32(env_, value, &integer) == napi_ok);
  return integer;
}

template <class Each>
void Call::eachElement(size_t index, const Each& each) {
  uint32_t length = 0;
  check(napi_get_array_length(env_, arguments_[index], &length) == napi_ok);
  for (uint32_t i = 0; i < length && !wrong_; ++i) {
    napi_value element = nullptr;
    napi_get_element(env_, arguments_[index], i, &element);
    each(element);
  }
}

std::vector<std::string> Call::byteList(size_t index) {
  std::vector<std::string> list;
  eachElement(index, [&](napi_value element) { list.push_back(toBytes(element)); });
  return list;
}

std::vector<int> Call::integers(size_t index) {
  std::vector<int> list;
  eachElement(index, [&](napi_value element) { list.push_back(toInteger(element)); });
  return list;
}

double Call::number(size_t index) {
  double number = 0;
  check(napi_get_value_double(env_, arguments_[index], &number) == napi_ok);
  return number;
}

uint64_t Call::token(size_t index) {
  uint64_t token = 0;
  bool lossless = false;
  const auto status = napi_get_value_bigint_uint64(env_, arguments_[index], &token, &lossless);
  check(status == napi_ok && lossless);
  return token;
}

bool Call::flag(size_t index) {
  bool flag = false;
  check(napi_get_value_bool(env_, arguments_[index], &flag) == napi_ok);
  return flag;
}

napi_value fail(napi_env env, const Failure& failure) {
  napi_throw(env, toError(env, failure));
  return nullptr;
}

napi_value toError(napi_env env, const Failure& failure) {
  napi_value call = toValue(env, std::string_view(failure.call));
  napi_value error = nullptr;
  napi_create_error(env, nullptr, call, &error);
  napi_set_named_property(env, error, "errno", toValue(env, -failure.error));
  napi_set_named_property(env, error, "syscall", call);
  if (!failure.path.empty()) {
    napi_set_named_property(env, error, "path", toValue(env, failure.path));
  }
  return error;
}

napi_value toNull(napi_env env) {
  napi_value value = nullptr;
  napi_get_null(env, &value);
  return value;
}

napi_value toValue(napi_env env, bool flag) {
  napi_value value = nullptr;
  napi_get_boolean(env, flag, &value);
  return value;
}

napi_value toValue(napi_env env, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  return value;
}

napi_value toValue(napi_env env, std::string_view bytes) {
  napi_value value = nullptr;
  if (isAscii(bytes)) {
    napi_create_string_latin1(env, bytes.data(), bytes.size(), &value);
  } else {
    const std::u16string text = decode(bytes);
    napi_create_string_utf16(env, text.data(), text.size(), &value);
  }
  return value;
}

napi_value toValue(napi_env env, const Bytes& bytes) {
  napi_value value = nullptr;
  napi_create_buffer_copy(env, bytes.text.size(), bytes.text.data(), nullptr, &value);
  return value;
}

napi_value toValue(napi_env env, const std::array<int, 2>& pair) {
  return toList(env, {toValue(env, pair[0]), toValue(env, pair[1])});
}

napi_value toObject(napi_env env, std::initializer_list<Property> properties) {
  napi_value object = nullptr;
  napi_create_object(env, &object);
  for (const Property& property : properties) {
    napi_set_named_property(env, object, property.name, property.value);
  }
  return object;
}

napi_value toList(napi_env env, std::initializer_list<napi_value> values) {
  napi_value list = nullptr;
  napi_create_array(env, &list);
  uint32_t length = 0;
  for (napi_value value : values) napi_set_element(env, list, length++, value);
  return list;
}

}  // namespace apparmor::node
