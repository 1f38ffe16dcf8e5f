// The one door between core and JavaScript: a call's arguments in, values out, failures thrown.
// Node-API is used as it is, in C: a C++ wrapper around it was a third of the binary.
// A failure is thrown as a plain Error with { errno < 0, syscall, path? }; lib/border/errors.ts gives it a
// code, a text and a JavaScript stack. Statuses of Node-API are looked at where they tell something:
// in a Worker that is being terminated every call fails, and whatever is returned is dropped.
#pragma once

#include <node_api.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../core/result.h"
#include "../core/rows.h"

namespace apparmor::node {

// The arguments. lib/border/args.ts has checked them, so a wrong one is our own mistake: it makes a TypeError
// pending, and wrong() true.
class Call {
 public:
  Call(napi_env env, napi_callback_info info);

  napi_env env() const { return env_; }
  bool wrong() const { return wrong_; }

  std::string bytes(size_t index) { return toBytes(arguments_[index]); }
  std::vector<std::string> byteList(size_t index);
  std::vector<int> integers(size_t index);
  int integer(size_t index) { return toInteger(arguments_[index]); }
  double number(size_t index);
  uint64_t token(size_t index);
  bool flag(size_t index);
  napi_value function(size_t index) const { return arguments_[index]; }

 private:
  static constexpr size_t kMost = 4;
  void check(bool right);
  std::string toBytes(napi_value value);
  int toInteger(napi_value value);
  template <class Each>
  void eachElement(size_t index, const Each& each);

  napi_env env_;
  napi_value arguments_[kMost];
  bool wrong_ = false;
};

// What the export table holds (src/addon.cc). Null is `undefined`.
using Function = napi_value(Call& call);

napi_value fail(napi_env env, const Failure& failure);
napi_value toError(napi_env env, const Failure& failure);

napi_value toNull(napi_env env);
napi_value toValue(napi_env env, bool flag);
napi_value toValue(napi_env env, double number);
inline napi_value toValue(napi_env env, int number) {
  return toValue(env, static_cast<double>(number));
}
// A kernel string, lossless (core/text.h).
napi_value toValue(napi_env env, std::string_view bytes);
inline napi_value toValue(napi_env env, const std::string& bytes) {
  return toValue(env, std::string_view(bytes));
}
napi_value toValue(napi_env env, const void*) = delete;  // it would be a flag
napi_value toValue(napi_env env, const Bytes& bytes);
napi_value toValue(napi_env env, const std::array<int, 2>& pair);
inline napi_value toValue(napi_env, const Done&) {
  return nullptr;
}
template <class T>
napi_value toValue(napi_env env, const std::optional<T>& value) {
  return value ? toValue(env, *value) : toNull(env);
}

struct Property {
  const char* name;
  napi_value value;
};
napi_value toObject(napi_env env, std::initializer_list<Property> properties);
napi_value toList(napi_env env, std::initializer_list<napi_value> values);
template <class T, class Each>
napi_value toList(napi_env env, const std::vector<T>& items, const Each& each) {
  napi_value list = toList(env, {});
  for (uint32_t i = 0; i < items.size(); ++i) napi_set_element(env, list, i, each(items[i]));
  return list;
}

template <class T>
napi_value answer(const Call& call, const Result<T>& result) {
  return result ? toValue(call.env(), *result) : fail(call.env(), result.failure());
}

}  // namespace apparmor::node
