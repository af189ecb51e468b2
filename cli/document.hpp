// Value: a scenario file as a tree, each piece with the place where it stands, so that whatever is
// wrong with it can be said with file, line and column.
//
// The tree is untyped: every scalar is text, and the field that reads it decides what it must be.
// Reading bounds what a hostile file can cost: size, depth, and the growth of aliases.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/error.hpp"

namespace orrery::cli {

/// Where a piece of input stands. `line` and `column` count from 1; 0 on a command line.
struct Place {
  std::shared_ptr<const std::string> where;  ///< a file, or "--set policy.order=sjf"
  uint64_t line = 0;
  uint64_t column = 0;
};

struct Value {
  enum class Kind : uint8_t { kNothing, kText, kList, kMap };

  Kind kind = Kind::kNothing;
  std::string text;               ///< kText
  std::vector<Value> items;       ///< kList: its items; kMap: the values of `keys`
  std::vector<std::string> keys;  ///< kMap, each once
  std::vector<Place> key_places;  ///< kMap: where each key stands
  Place place;

  /// The value under `key` of a map; null when this is no map or has no such key.
  Value* find(std::string_view key);
  /// Puts `value` under `key`, in place of what was there. Requires: a map.
  void put(const std::string& key, Value value);
};

/// A text value; what a shorthand is expanded into.
Value text_value(std::string text, Place place);

/// Largest scenario file, in bytes, and the most values one may hold with its aliases expanded.
inline constexpr size_t kDocumentBytes = size_t{4} << 20;
inline constexpr size_t kDocumentValues = 200'000;
inline constexpr size_t kDocumentDepth = 32;

/// Reads YAML `text`; `where` is the name used in errors. An empty document gives kNothing.
/// Throws InputError on what is not YAML, on duplicate keys, on tags and on broken limits.
Value parse_document(const std::string& text, const std::string& where);
/// Reads a whole file. Throws InputError when it cannot be opened or is larger than `limit` bytes.
std::string read_text_file(const std::string& path, size_t limit);

/// Applies "policy.order=sjf" or "cluster.nodes[0].count=8" to a tree; maps on the way are made
/// where they are missing. The value is YAML itself, so that lists work: "[1h, 2h]".
/// Throws InputError, naming the --set.
void apply_set(Value& root, const std::string& assignment);

/// What was found, for an error: "\"12x\"", "a list", "nothing".
std::string found_text(const Value& value);
/// `text` in double quotes, shortened to a line, with control characters escaped.
std::string in_quotes(std::string_view text);
/// True if `text` is well-formed UTF-8 without control characters other than tab and line ends.
bool is_clean_text(std::string_view text, size_t& bad_offset);

/// An error at `place`.
InputError error_at(const Place& place, std::string expected, std::string found,
                    std::string hint = "");

}  // namespace orrery::cli
