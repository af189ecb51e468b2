// InputError: bad input from outside, told so that its author can mend it.
//
// Thrown only where input enters (traces, scenarios, command line, run records) and caught only by
// the command line; no exception crosses an actor's step.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace orrery {

class InputError : public std::runtime_error {
 public:
  struct Details {
    std::string where;     ///< a file, or the object at fault ("--nodes")
    uint64_t line = 0;     ///< from 1; 0: does not apply
    uint64_t column = 0;   ///< from 1; 0: does not apply
    std::string expected;  ///< "a whole number of seconds, 0 or more"
    std::string found;     ///< "\"12x\""
    std::string hint;      ///< what to do: "use --on-error=skip to leave such rows out"
  };

  /// what() reads "log.swf:12:3: expected ..., found ...; hint".
  explicit InputError(Details details);
  const Details& details() const { return details_; }

 private:
  Details details_;
};

/// Something that the run needs is missing or refuses: a full disk, an unwritable folder. Exit
/// code 3.
class EnvironmentError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace orrery
