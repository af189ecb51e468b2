// JSON with places: a document whose values know where they stand, so that a complaint about one
// names line and column.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/error.hpp"
#include "traces/bytes.hpp"

namespace orrery::traces {

/// The largest JSON file that is taken, in bytes after decompression: it is held whole.
inline constexpr size_t kMostJsonBytes = size_t{256} << 20;
/// Lists and objects within one another.
inline constexpr size_t kMostJsonDepth = 64;

struct JsonValue {
  enum class Type : uint8_t { kNull, kTruth, kNumber, kText, kList, kObject };
  Type type = Type::kNull;
  double number = 0;              ///< also of a truth value: 0 or 1
  std::string text;               ///< of a text
  std::vector<JsonValue> items;   ///< of a list; of an object, the values
  std::vector<std::string> keys;  ///< of an object, keys[i] for items[i], each once
  size_t at = 0;                  ///< where it begins in the document

  bool is(Type wanted) const { return type == wanted; }
  /// A whole number that a double holds exactly.
  bool is_whole() const;
  /// The value of a key of an object; nullptr where there is none.
  const JsonValue* find(std::string_view key) const;
};

class JsonDocument {
 public:
  /// Parses `bytes`, which must outlive the document. `name` stands in messages. Throws InputError
  /// where they are no JSON, or a key stands twice in an object.
  JsonDocument(std::string_view bytes, std::string name);

  const JsonValue& root() const { return root_; }
  const std::string& name() const { return name_; }
  /// How a value is shown in a message: its beginning, as it stands in the document.
  std::string shown(const JsonValue& value) const;
  [[noreturn]] void fail(const JsonValue& at, std::string expected, std::string found,
                         std::string hint = "") const;

 private:
  friend class JsonBuilder;
  [[noreturn]] void fail(size_t at, std::string expected, std::string found,
                         std::string hint) const;

  std::string_view bytes_;
  std::string name_;
  JsonValue root_;
};

/// All that a source has. Throws InputError where it is more than kMostJsonBytes.
std::string read_whole(ByteSource& source, const std::string& name);

}  // namespace orrery::traces
