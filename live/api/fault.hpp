// Fault: why a request over HTTP is not carried out; what the body of its answer says.
#pragma once

#include <stdexcept>
#include <string>

#include "live/api/operations.hpp"

namespace orrery::live::api {

struct FaultDetails {
  std::string expected;  ///< all three may be empty
  std::string found;
  std::string hint;
};

class Fault : public std::runtime_error {
 public:
  Fault(int status, std::string code, const std::string& message, FaultDetails details = {})
      : std::runtime_error(message),
        status_(status),
        code_(std::move(code)),
        details_(std::move(details)) {}

  /// A request that says `found` where `expected` should stand; `where` names the key.
  static Fault bad(const std::string& where, FaultDetails details);
  /// What an Operations refused.
  static Fault of(const Refusal& refusal);

  int status() const { return status_; }
  const std::string& code() const { return code_; }
  const FaultDetails& details() const { return details_; }
  /// {"error": {"code", "message", "expected", "found", "hint"}}, with all five.
  std::string body() const;

 private:
  int status_;
  std::string code_;
  FaultDetails details_;
};

}  // namespace orrery::live::api
