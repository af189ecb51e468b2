#include "traces/json.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "traces/scan.hpp"

namespace orrery::traces {

namespace {

/// Characters of the document that tells how far the parser has come.
class WatchedIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  WatchedIterator(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  WatchedIterator& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  bool operator==(const WatchedIterator& other) const { return at_ == other.at_; }
  bool operator!=(const WatchedIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

}  // namespace

bool JsonValue::is_whole() const {
  constexpr double kExact = 9007199254740992;  // 2^53
  return type == Type::kNumber && std::abs(number) <= kExact && std::floor(number) == number;
}

const JsonValue* JsonValue::find(std::string_view key) const {
  const auto found = std::find(keys.begin(), keys.end(), key);
  if (found == keys.end()) return nullptr;
  return &items[static_cast<size_t>(found - keys.begin())];
}

/// Makes values of the library's events. An event comes when the parser has read its last
/// character, so that the next value begins behind it.
class JsonBuilder {
 public:
  explicit JsonBuilder(JsonDocument& document)
      : document_(document), reached_(document.bytes_.data()) {}

  void build() {
    const char* begin = document_.bytes_.data();
    const char* end = begin + document_.bytes_.size();
    nlohmann::json::sax_parse(WatchedIterator(begin, &reached_), WatchedIterator(end, &reached_),
                              this);
  }

  bool null() { return put(JsonValue::Type::kNull); }
  bool boolean(bool value) { return put(JsonValue::Type::kTruth, value ? 1 : 0); }
  bool number_integer(int64_t value) { return put_number(static_cast<double>(value)); }
  bool number_unsigned(uint64_t value) { return put_number(static_cast<double>(value)); }
  bool number_float(double value, const std::string& /*text*/) { return put_number(value); }
  bool string(std::string& value) {
    put(JsonValue::Type::kText);
    last().text = std::move(value);
    return true;
  }
  bool binary(std::vector<uint8_t>& /*value*/) { return false; }
  bool start_object(size_t /*size*/) { return open(JsonValue::Type::kObject); }
  bool start_array(size_t /*size*/) { return open(JsonValue::Type::kList); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& value) {
    const size_t at = begin_of_next();
    if (!keys_.back().insert(value).second) {
      document_.fail(at, "each key once", quoted(std::string_view(value)) + " again", "");
    }
    open_.back().keys.push_back(std::move(value));
    return true;
  }

  bool parse_error(size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& /*error*/) {
    const std::string_view bytes = document_.bytes_;
    const size_t at = std::min(position == 0 ? 0 : position - 1, bytes.size());
    constexpr size_t kBefore = 20;
    if (at == bytes.size() && at > 0) {
      document_.fail(at, "JSON", "the end of the file", "it may have been cut off");
    }
    document_.fail(at, "JSON",
                   bytes.empty()
                       ? "an empty file"
                       : quoted(bytes.substr(at > kBefore ? at - kBefore : 0, kBefore + 1)),
                   "");
  }

 private:
  /// Where the value begins whose end the parser has just reached.
  size_t begin_of_next() {
    const size_t at = document_.bytes_.find_first_not_of(" \t\r\n,:", last_end_);
    last_end_ = static_cast<size_t>(reached_ - document_.bytes_.data());
    return std::min(at, document_.bytes_.size());
  }

  JsonValue& last() { return open_.empty() ? document_.root_ : open_.back().items.back(); }

  bool put(JsonValue::Type type, double number = 0) {
    JsonValue value;
    value.type = type;
    value.number = number;
    value.at = begin_of_next();
    return put(std::move(value));
  }
  bool put(JsonValue value) {
    if (open_.empty()) {
      document_.root_ = std::move(value);
    } else {
      open_.back().items.push_back(std::move(value));
    }
    return true;
  }
  bool put_number(double number) { return put(JsonValue::Type::kNumber, number); }

  bool open(JsonValue::Type type) {
    JsonValue value;
    value.type = type;
    value.at = begin_of_next();
    if (open_.size() == kMostJsonDepth) {
      document_.fail(value.at,
                     "at most " + std::to_string(kMostJsonDepth) + " lists within one another",
                     "more", "");
    }
    open_.push_back(std::move(value));
    keys_.emplace_back();
    return true;
  }

  bool close() {
    JsonValue value = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    last_end_ = static_cast<size_t>(reached_ - document_.bytes_.data());
    return put(std::move(value));
  }

  JsonDocument& document_;
  const char* reached_;
  size_t last_end_ = 0;
  std::vector<JsonValue> open_;
  std::vector<std::set<std::string>> keys_;
};

JsonDocument::JsonDocument(std::string_view bytes, std::string name)
    : bytes_(bytes), name_(std::move(name)) {
  JsonBuilder(*this).build();
}

std::string JsonDocument::shown(const JsonValue& value) const {
  if (value.is(JsonValue::Type::kObject)) return "an object";
  if (value.is(JsonValue::Type::kList)) return "a list";
  if (value.is(JsonValue::Type::kText)) return quoted(std::string_view(value.text));
  const size_t end = bytes_.find_first_of(" \t\r\n,:]}", value.at);
  return quoted(bytes_.substr(value.at, end == bytes_.npos ? end : end - value.at));
}

void JsonDocument::fail(const JsonValue& at, std::string expected, std::string found,
                        std::string hint) const {
  fail(at.at, std::move(expected), std::move(found), std::move(hint));
}

void JsonDocument::fail(size_t at, std::string expected, std::string found,
                        std::string hint) const {
  const std::string_view before = bytes_.substr(0, at);
  throw InputError(
      {.where = name_,
       .line = static_cast<uint64_t>(std::count(before.begin(), before.end(), '\n')) + 1,
       .column = at - (before.rfind('\n') + 1) + 1,  // npos + 1 is 0
       .expected = std::move(expected),
       .found = std::move(found),
       .hint = std::move(hint)});
}

std::string read_whole(ByteSource& source, const std::string& name) {
  std::string text;
  constexpr size_t kStep = size_t{1} << 16;
  while (true) {
    const size_t had = text.size();
    text.resize(had + kStep);
    const size_t got = source.read(text.data() + had, kStep);
    text.resize(had + got);
    if (got == 0) return text;
    if (text.size() > kMostJsonBytes) {
      throw InputError({.where = name,
                        .expected = "at most " + std::to_string(kMostJsonBytes) + " bytes of JSON",
                        .found = "more",
                        .hint = ""});
    }
  }
}

}  // namespace orrery::traces
