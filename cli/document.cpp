#include "cli/document.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace orrery::cli {

namespace {

// Builds the tree from the parser's events, and refuses what would grow beyond the limits.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::shared_ptr<const std::string> where) : where_(std::move(where)) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Value value;
    value.place = place_of(mark);
    close(std::move(value), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    refuse_tag(mark, tag);
    close(text_value(text, place_of(mark)), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto known = std::find_if(anchors_.begin(), anchors_.end(),
                              [&](const auto& entry) { return entry.first == anchor; });
    if (known == anchors_.end()) {
      throw error_at(place_of(mark), "an alias of a value that is complete",
                     "an alias within its own anchor");
    }
    count(size_of(known->second), mark);
    close(known->second, 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(Value::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { close_top(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(Value::Kind::kMap, mark, anchor);
  }
  void OnMapEnd() override { close_top(); }

  Value take() { return std::move(root_); }

 private:
  struct Level {
    Value value;
    YAML::anchor_t anchor = 0;
    bool key_open = false;  // a map that has read a key and awaits its value
  };

  Place place_of(const YAML::Mark& mark) const {
    return {where_, static_cast<uint64_t>(mark.line) + 1, static_cast<uint64_t>(mark.column) + 1};
  }

  static size_t size_of(const Value& value) {
    size_t total = 1;
    for (const Value& item : value.items) total += size_of(item);
    return total;
  }

  void count(size_t values, const YAML::Mark& mark) {
    values_ += values;
    if (values_ > kDocumentValues) {
      throw error_at(place_of(mark), "at most " + std::to_string(kDocumentValues) + " values",
                     "more of them");
    }
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw error_at(place_of(mark), "a plain value", "the tag " + in_quotes(tag),
                   "leave the tag out");
  }

  void open(Value::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (levels_.size() >= kDocumentDepth) {
      throw error_at(place_of(mark), "at most " + std::to_string(kDocumentDepth) + " levels",
                     "a deeper one");
    }
    Level level;
    level.value.kind = kind;
    level.value.place = place_of(mark);
    level.anchor = anchor;
    levels_.push_back(std::move(level));
  }

  void close_top() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    close(std::move(level.value), level.anchor);
  }

  void close(Value value, YAML::anchor_t anchor) {
    YAML::Mark mark;
    mark.line = static_cast<int>(value.place.line) - 1;
    mark.column = static_cast<int>(value.place.column) - 1;
    count(1, mark);
    if (anchor != 0) anchors_.emplace_back(anchor, value);
    if (levels_.empty()) {
      root_ = std::move(value);
      return;
    }
    Level& parent = levels_.back();
    if (parent.value.kind == Value::Kind::kList) {
      parent.value.items.push_back(std::move(value));
    } else if (parent.key_open) {
      parent.value.items.push_back(std::move(value));
      parent.key_open = false;
    } else {
      add_key(parent, value);
    }
  }

  static void add_key(Level& parent, const Value& key) {
    if (key.kind != Value::Kind::kText) {
      throw error_at(key.place, "a key", found_text(key));
    }
    const auto& keys = parent.value.keys;
    auto same = std::find(keys.begin(), keys.end(), key.text);
    if (same != keys.end()) {
      const Place& first = parent.value.key_places[same - keys.begin()];
      throw error_at(key.place, "each key once", "a second " + in_quotes(key.text),
                     "the first stands in line " + std::to_string(first.line));
    }
    parent.value.keys.push_back(key.text);
    parent.value.key_places.push_back(key.place);
    parent.key_open = true;
  }

  std::shared_ptr<const std::string> where_;
  std::vector<Level> levels_;
  std::vector<std::pair<YAML::anchor_t, Value>> anchors_;
  Value root_;
  size_t values_ = 0;
};

void check_text(const std::string& text, const std::shared_ptr<const std::string>& where) {
  size_t bad = 0;
  if (is_clean_text(text, bad)) return;
  uint64_t line = 1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(bad), '\n');
  size_t line_start = bad == 0 ? std::string::npos : text.rfind('\n', bad - 1);
  uint64_t column = line_start == std::string::npos ? bad + 1 : bad - line_start;
  throw error_at({where, line, column}, "text in UTF-8",
                 "the byte " + std::to_string(static_cast<unsigned char>(text[bad])),
                 text.starts_with("\x1f\x8b") || text.starts_with("\x28\xb5\x2f\xfd")
                     ? "a compressed trace goes after --trace"
                     : "");
}

// One step of a --set path: a key, or an index into a list.
struct Step {
  std::string key;
  size_t index = 0;
  bool is_index = false;
};

std::vector<Step> path_steps(const std::string& text, const Place& place) {
  auto bad = [&] {
    return error_at(place, "a path such as policy.order or cluster.nodes[0].count",
                    in_quotes(text));
  };
  std::string_view path = text;
  std::vector<Step> steps;
  while (!path.empty()) {
    if (path.front() == '[') {
      size_t end = path.find(']');
      if (end == std::string_view::npos) throw bad();
      Step step;
      step.is_index = true;
      auto [stop, problem] = std::from_chars(path.data() + 1, path.data() + end, step.index);
      if (problem != std::errc() || stop != path.data() + end) throw bad();
      steps.push_back(step);
      path.remove_prefix(end + 1);
    } else {
      if (!steps.empty()) {
        if (path.front() != '.') throw bad();
        path.remove_prefix(1);
      }
      size_t end = std::min(path.find_first_of(".["), path.size());
      if (end == 0) throw bad();
      steps.push_back({std::string(path.substr(0, end)), 0, false});
      path.remove_prefix(end);
    }
  }
  if (steps.empty() || steps.size() > kDocumentDepth) throw bad();
  return steps;
}

void move_to(Value& value, const Place& place) {
  value.place = place;
  for (Place& key : value.key_places) key = place;
  for (Value& item : value.items) move_to(item, place);
}

}  // namespace

Value* Value::find(std::string_view key) {
  auto found = std::find(keys.begin(), keys.end(), key);
  return found == keys.end() ? nullptr : &items[found - keys.begin()];
}

void Value::put(const std::string& key, Value value) {
  Place where = value.place;
  if (Value* old = find(key)) {
    *old = std::move(value);
    key_places[old - items.data()] = where;
    return;
  }
  keys.push_back(key);
  key_places.push_back(where);
  items.push_back(std::move(value));
}

Value text_value(std::string text, Place place) {
  Value value;
  value.kind = Value::Kind::kText;
  value.text = std::move(text);
  value.place = std::move(place);
  return value;
}

Value parse_document(const std::string& text, const std::string& where) {
  auto name = std::make_shared<const std::string>(where);
  if (text.size() > kDocumentBytes) {
    throw error_at({name, 0, 0}, "at most " + std::to_string(kDocumentBytes >> 20) + " MiB",
                   std::to_string(text.size()) + " bytes");
  }
  check_text(text, name);
  std::istringstream stream(text);
  TreeBuilder builder(name);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return {};
    Value root = builder.take();
    TreeBuilder rest(name);
    if (parser.HandleNextDocument(rest)) {
      throw error_at({name, 0, 0}, "one document", "a second one", "leave out the line \"---\"");
    }
    return root;
  } catch (const YAML::Exception& e) {
    Place place{name, static_cast<uint64_t>(e.mark.line) + 1,
                static_cast<uint64_t>(e.mark.column) + 1};
    bool tabs = text.find("\n\t") != std::string::npos;
    throw error_at(place, "YAML", "something else (" + e.msg + ")",
                   tabs ? "YAML indents with spaces, not with tabs" : "");
  }
}

std::string read_text_file(const std::string& path, size_t limit) {
  auto fail = [&](const char* expected, const std::string& found) {
    return InputError({path, 0, 0, expected, found, ""});
  };
  std::error_code problem;
  auto status = std::filesystem::status(path, problem);
  if (!std::filesystem::exists(status)) throw fail("a file", "none");
  if (std::filesystem::is_directory(status)) throw fail("a file", "a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw fail("a readable file", "one that cannot be opened");
  std::string text(limit + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > limit) {
    throw fail("a smaller file", "more than " + std::to_string(limit >> 20) + " MiB");
  }
  return text;
}

void apply_set(Value& root, const std::string& assignment) {
  Place place{std::make_shared<const std::string>("--set " + assignment), 0, 0};
  size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw error_at(place, "KEY=VALUE", in_quotes(assignment), "for example policy.order=sjf");
  }
  std::string text = assignment.substr(equals + 1);
  Value value;
  try {
    value = parse_document(text, *place.where);
  } catch (const InputError& e) {
    throw error_at(place, e.details().expected, e.details().found, e.details().hint);
  }
  move_to(value, place);
  Value* at = &root;
  for (const Step& step : path_steps(assignment.substr(0, equals), place)) {
    if (step.is_index) {
      if (at->kind != Value::Kind::kList || step.index >= at->items.size()) {
        throw error_at(place, "a list with an item " + std::to_string(step.index),
                       at->kind == Value::Kind::kList
                           ? "one of " + std::to_string(at->items.size()) + " items"
                           : found_text(*at),
                       "items count from 0");
      }
      at = &at->items[step.index];
      continue;
    }
    if (at->kind == Value::Kind::kNothing) {
      at->kind = Value::Kind::kMap;
      at->place = place;
    }
    if (at->kind != Value::Kind::kMap) {
      throw error_at(place, "a section to hold " + in_quotes(step.key), found_text(*at));
    }
    if (at->find(step.key) == nullptr) {
      Value empty;
      empty.place = place;
      at->put(step.key, std::move(empty));
    }
    at = at->find(step.key);
  }
  *at = std::move(value);
}

std::string found_text(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kNothing: return "nothing";
    case Value::Kind::kText: return in_quotes(value.text);
    case Value::Kind::kList: return "a list";
    case Value::Kind::kMap: return "a section";
  }
  return "nothing";
}

std::string in_quotes(std::string_view text) {
  constexpr size_t kMost = 60;
  std::string out = "\"";
  for (char c : text.substr(0, kMost)) {
    if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += '?';
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  // Does not cut a UTF-8 character in two.
  if (text.size() > kMost) {
    while (out.size() > 1 && (static_cast<unsigned char>(out.back()) & 0x80) != 0) out.pop_back();
    out += "...";
  }
  return out + "\"";
}

bool is_clean_text(std::string_view text, size_t& bad_offset) {
  for (size_t i = 0; i < text.size();) {
    bad_offset = i;
    auto byte = static_cast<unsigned char>(text[i]);
    size_t length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    bool control = (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
    if (control || (byte >= 0x80 && byte < 0xc2) || byte > 0xf4) return false;
    if (i + length > text.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    // Overlong forms, surrogates and what lies beyond U+10FFFF.
    auto second = length > 1 ? static_cast<unsigned char>(text[i + 1]) : 0u;
    if ((byte == 0xe0 && second < 0xa0) || (byte == 0xed && second > 0x9f) ||
        (byte == 0xf0 && second < 0x90) || (byte == 0xf4 && second > 0x8f)) {
      return false;
    }
    i += length;
  }
  return true;
}

InputError error_at(const Place& place, std::string expected, std::string found, std::string hint) {
  return InputError({place.where ? *place.where : std::string("scenario"), place.line, place.column,
                     std::move(expected), std::move(found), std::move(hint)});
}

}  // namespace orrery::cli
