// Fields: one description of a section of a scenario, from which it is read, written and listed.
//
// A section names its keys once, each with its type, range, unit and a line of help:
//
//   void describe(Fields& f, WorldConfig& world) {
//     f.duration({"start_overhead", "from the command to the container running"}, ...);
//   }
//
// A reader takes values from a file, a writer prints the effective scenario, a lister makes the
// reference in docs/scenario.md. A key that a description does not name does not exist.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/time.hpp"
#include "cli/document.hpp"

namespace orrery::cli {

/// A key and one line on what it means.
struct Key {
  const char* name;
  const char* help;
};

class Fields {
 public:
  /// Takes a text in; false when it is not what the field wants.
  using Parse = std::function<bool(std::string_view)>;
  using Print = std::function<std::string()>;

  virtual ~Fields() = default;

  /// A value of any type. `expected` completes "expected ..., found ..."; `names` are the values
  /// there are, where they can be listed, for suggestions.
  virtual void scalar(Key key, const std::string& expected, const Parse& parse, const Print& print,
                      const std::vector<std::string>& names) = 0;
  virtual void section(Key key, const std::function<void(Fields&)>& describe) = 0;
  /// A list of sections; `resize` is called with the number of items before they are described.
  virtual void list(Key key, size_t size, const std::function<void(size_t)>& resize,
                    const std::function<void(size_t, Fields&)>& describe) = 0;
  /// A list of texts, kept word by word.
  virtual void words(Key key, std::vector<std::string>& values) = 0;
  /// A condition that spans keys of this section; the error is placed at `key`.
  virtual void require(bool holds, const char* key, const std::string& expected,
                       const std::string& found, const std::string& hint = "") = 0;
  /// True if the input gives `key` a value. A writer says true.
  virtual bool has(const char* key) const = 0;

  void text(Key key, std::string& value);
  void flag(Key key, bool& value);
  void choice(Key key, std::string& value, const std::vector<std::string>& names);
  void real(Key key, double& value, double low, double high, const char* unit);
  void duration(Key key, Duration& value, Duration low = {});
  /// A span from the start of the run, or "never".
  void instant(Key key, Instant& value);
  /// A size in MiB; `unlimited` is the value that stands for no limit.
  void size(Key key, int64_t& mib, int64_t unlimited);
  /// Numbers as a list or as text, "3600,36000"; kept as that text.
  void numbers(Key key, std::string& value, const char* unit);

  template <class Int>
  void whole(Key key, Int& value, int64_t low, int64_t high, const char* unit) {
    auto wide = static_cast<int64_t>(value);
    whole_number(key, wide, low, high, unit);
    value = static_cast<Int>(wide);
  }
  template <class Enum>
  void choice_of(Key key, Enum& value, const std::vector<std::string>& names) {
    std::string name = names.at(static_cast<size_t>(value));
    choice(key, name, names);
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) value = static_cast<Enum>(i);
    }
  }
  template <class Item, class Describe>
  void items(Key key, std::vector<Item>& values, Describe describe) {
    list(
        key, values.size(), [&](size_t n) { values.resize(n); },
        [&](size_t i, Fields& f) { describe(f, values[i]); });
  }

 private:
  void whole_number(Key key, int64_t& value, int64_t low, int64_t high, const char* unit);
};

/// Several errors of one input: the first as usual, the others beside it.
class InputErrors : public InputError {
 public:
  explicit InputErrors(const std::vector<InputError>& all);
  const std::vector<InputError>& all() const { return all_; }

 private:
  std::vector<InputError> all_;
};

/// Reads the section `root`, which errors call `name`. Throws InputError, or InputErrors where more
/// than one thing is wrong.
void read_fields(const Value& root, const std::string& name,
                 const std::function<void(Fields&)>& describe);
/// The section as YAML, every key with its effective value; empty texts are left out.
std::string write_fields(const std::function<void(Fields&)>& describe);

/// One key of the reference.
struct FieldInfo {
  std::string path;      ///< "cluster.nodes[].count"
  std::string expected;  ///< "a whole number of nodes from 1 to 1000000"
  std::string value;     ///< the default; empty for sections and lists
  std::string help;
};
/// Every key there is; a list is described by one item of its type.
std::vector<FieldInfo> list_fields(const std::function<void(Fields&)>& describe);

/// The name nearest to `word` by edit distance, as "did you mean \"order\"?"; empty when none is
/// near (more than a third of the letters differ).
std::string suggestion(std::string_view word, const std::vector<std::string>& names);

/// "64GiB", "512MiB", "1.5TiB", "100GB", a bare number in MiB; false when it is none or too large.
/// Rounds up to a whole MiB.
bool parse_size_mib(std::string_view text, int64_t& mib);
/// The largest of TiB, GiB and MiB in which the size is a whole number: "64GiB".
std::string size_text(int64_t mib);
/// A duration as the scenario writes it: "90m", "2d", "1500ms"; parse_duration reads it back.
std::string duration_text(Duration d);
/// The shortest decimal that reads back as the same number; no locale.
std::string real_text(double value);
/// A plain decimal number, all of `text`; false otherwise, and for infinities and NaN.
bool parse_real(std::string_view text, double& value);
bool parse_whole(std::string_view text, int64_t& value);

}  // namespace orrery::cli
