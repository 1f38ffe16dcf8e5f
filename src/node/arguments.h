// The arguments of a native function. lib/border/ has checked them, so a wrong one is our own mistake: it
// makes a TypeError pending, and wrong() true.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

namespace apparmor::node {

class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  bool wrong() const { return wrong_; }

  // A kernel string, lossless (core/text.h).
  std::string bytes(size_t index) { return toBytes(info_[index]); }
  std::vector<std::string> byteList(size_t index);
  int integer(size_t index) { return toInteger(info_[index]); }
  std::vector<int> integers(size_t index);
  double number(size_t index);
  uint64_t token(size_t index);
  bool flag(size_t index);
  // The bytes of a Uint8Array, a copy.
  std::string data(size_t index);
  Napi::Function function(size_t index);

 private:
  bool check(bool right);
  std::string toBytes(const Napi::Value& value);
  int toInteger(const Napi::Value& value);
  template <class Each>
  void eachElement(size_t index, const Each& each);

  const Napi::CallbackInfo& info_;
  bool wrong_ = false;
};

}  // namespace apparmor::node
