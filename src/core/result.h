// What every core function returns: a value, or which call failed, with which errno, on which path.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace apparmor {

struct Failure {
  int error;           // a positive errno
  const char* call;    // the libapparmor name of what was asked, for example "aa_getcon"
  std::string path{};  // the file that could not be opened; empty when the kernel refused the
                       // request itself
};

struct Done {};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Failure failure) : failure_(std::move(failure)) {}

  explicit operator bool() const { return value_.has_value(); }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }
  const Failure& failure() const { return failure_; }

 private:
  std::optional<T> value_;
  Failure failure_{0, nullptr};
};

}  // namespace apparmor
