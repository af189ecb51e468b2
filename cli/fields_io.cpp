// The three ways through a description of fields: reading, writing, listing.
#include <algorithm>

#include "cli/fields.hpp"

namespace orrery::cli {

namespace {

class Reader : public Fields {
 public:
  /// `name` is what errors call the section; keys within it are called `prefix` + key.
  Reader(const Value& section, std::string name, std::string prefix,
         std::vector<InputError>& errors)
      : section_(section), name_(std::move(name)), prefix_(std::move(prefix)), errors_(errors) {}

  void scalar(Key key, const std::string& expected, const Parse& parse, const Print&,
              const std::vector<std::string>& names) override {
    const Value* value = take(key);
    if (value == nullptr) return;
    std::string text = value->text;
    bool is_text = value->kind == Value::Kind::kText;
    if (value->kind == Value::Kind::kList) is_text = join_list(*value, text);
    if (is_text && parse(text)) return;
    errors_.push_back(error_at(value->place, expected, found_text(*value),
                               is_text ? suggestion(text, names) : ""));
  }

  void section(Key key, const std::function<void(Fields&)>& describe) override {
    const Value* value = take(key);
    if (value == nullptr) return;
    if (value->kind != Value::Kind::kMap) {
      errors_.push_back(error_at(value->place, "a section with keys", found_text(*value)));
      return;
    }
    std::string name = prefix_ + key.name;
    Reader inner(*value, name, name + ".", errors_);
    describe(inner);
    inner.finish();
  }

  void list(Key key, size_t, const std::function<void(size_t)>& resize,
            const std::function<void(size_t, Fields&)>& describe) override {
    const Value* value = take(key);
    if (value == nullptr) return;
    if (value->kind != Value::Kind::kList) {
      errors_.push_back(error_at(value->place, "a list", found_text(*value),
                                 "write each item on a line that begins with \"- \""));
      return;
    }
    resize(value->items.size());
    for (size_t i = 0; i < value->items.size(); ++i) {
      const Value& item = value->items[i];
      if (item.kind != Value::Kind::kMap) {
        errors_.push_back(error_at(item.place, "an item with keys", found_text(item)));
        continue;
      }
      std::string name = prefix_ + key.name + "[" + std::to_string(i) + "]";
      Reader inner(item, name, name + ".", errors_);
      describe(i, inner);
      inner.finish();
    }
  }

  void words(Key key, std::vector<std::string>& values) override {
    const Value* value = take(key);
    if (value == nullptr) return;
    if (value->kind != Value::Kind::kList) {
      errors_.push_back(error_at(value->place, "a list of texts", found_text(*value),
                                 "for example [python3, train.py]"));
      return;
    }
    values.clear();
    for (const Value& item : value->items) {
      if (item.kind == Value::Kind::kText) {
        values.push_back(item.text);
      } else {
        errors_.push_back(error_at(item.place, "text", found_text(item)));
      }
    }
  }

  void require(bool holds, const char* key, const std::string& expected, const std::string& found,
               const std::string& hint) override {
    if (holds) return;
    auto at = std::find(section_.keys.begin(), section_.keys.end(), key);
    const Value& value =
        at == section_.keys.end() ? section_ : section_.items[at - section_.keys.begin()];
    errors_.push_back(error_at(value.place, expected, found, hint));
  }

  bool has(const char* key) const override {
    return std::find(section_.keys.begin(), section_.keys.end(), key) != section_.keys.end();
  }

  // Whatever no field asked for is unknown.
  void finish() {
    for (size_t i = 0; i < section_.keys.size(); ++i) {
      const std::string& key = section_.keys[i];
      if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
      std::string hint = suggestion(key, known_);
      if (hint.empty()) hint = "known: " + all_known();
      errors_.push_back(
          error_at(section_.key_places[i], "a key of " + name_, in_quotes(key), hint));
    }
  }

 private:
  const Value* take(Key key) {
    known_.emplace_back(key.name);
    auto at = std::find(section_.keys.begin(), section_.keys.end(), key.name);
    if (at == section_.keys.end()) return nullptr;
    return &section_.items[at - section_.keys.begin()];
  }

  static bool join_list(const Value& list, std::string& text) {
    text.clear();
    for (const Value& item : list.items) {
      if (item.kind != Value::Kind::kText) return false;
      text += (text.empty() ? "" : ",") + item.text;
    }
    return !list.items.empty();
  }

  std::string all_known() const {
    std::string text;
    for (const std::string& name : known_) text += (text.empty() ? "" : ", ") + name;
    return text;
  }

  const Value& section_;
  std::string name_;
  std::string prefix_;
  std::vector<InputError>& errors_;
  std::vector<std::string> known_;
};

// True if YAML reads the bare text back as this text.
bool is_plain(const std::string& text) {
  constexpr std::string_view kSafe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-";
  if (text.empty() || text == "null" || text == "Null" || text == "NULL") return false;
  return text.front() != '-' && text.find_first_not_of(kSafe) == std::string::npos;
}

std::string yaml_text(const std::string& text) {
  if (is_plain(text)) return text;
  constexpr const char* kHex = "0123456789abcdef";
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

class Writer : public Fields {
 public:
  Writer(std::string indent, std::string& out) : indent_(std::move(indent)), out_(out) {}

  void scalar(Key key, const std::string&, const Parse&, const Print& print,
              const std::vector<std::string>&) override {
    std::string value = print();
    // A text that is not there is left out; a negative number needs no quotes.
    if (value.empty()) return;
    double number = 0;
    begin(key);
    out_ += std::string(" ") + (parse_real(value, number) ? value : yaml_text(value)) + "\n";
  }

  void section(Key key, const std::function<void(Fields&)>& describe) override {
    std::string inside;
    Writer inner(indent_ + "  ", inside);
    describe(inner);
    if (inside.empty()) return;
    begin(key);
    out_ += "\n" + inside;
  }

  void list(Key key, size_t size, const std::function<void(size_t)>&,
            const std::function<void(size_t, Fields&)>& describe) override {
    if (size == 0) return;
    begin(key);
    out_ += "\n";
    for (size_t i = 0; i < size; ++i) {
      std::string inside;
      Writer inner(indent_ + "    ", inside);
      describe(i, inner);
      if (!inside.empty()) inside[indent_.size() + 2] = '-';
      out_ += inside;
    }
  }

  void words(Key key, std::vector<std::string>& values) override {
    if (values.empty()) return;
    begin(key);
    std::string inside;
    for (const std::string& value : values) {
      inside += (inside.empty() ? "" : ", ") + yaml_text(value);
    }
    out_ += " [" + inside + "]\n";
  }

  void require(bool, const char*, const std::string&, const std::string&,
               const std::string&) override {}
  bool has(const char*) const override { return true; }

 private:
  void begin(Key key) { out_ += indent_ + key.name + ":"; }

  std::string indent_;
  std::string& out_;
};

class Lister : public Fields {
 public:
  Lister(std::string path, std::vector<FieldInfo>& out) : path_(std::move(path)), out_(out) {}

  void scalar(Key key, const std::string& expected, const Parse&, const Print& print,
              const std::vector<std::string>&) override {
    out_.push_back({path_ + key.name, expected, print(), key.help});
  }
  void section(Key key, const std::function<void(Fields&)>& describe) override {
    out_.push_back({path_ + key.name, "a section", "", key.help});
    Lister inner(path_ + key.name + ".", out_);
    describe(inner);
  }
  void list(Key key, size_t, const std::function<void(size_t)>& resize,
            const std::function<void(size_t, Fields&)>& describe) override {
    out_.push_back({path_ + key.name, "a list", "", key.help});
    resize(1);
    Lister inner(path_ + key.name + "[].", out_);
    describe(0, inner);
  }
  void words(Key key, std::vector<std::string>& /*values*/) override {
    out_.push_back({path_ + key.name, "a list of texts", "", key.help});
  }
  void require(bool, const char*, const std::string&, const std::string&,
               const std::string&) override {}
  bool has(const char*) const override { return true; }

 private:
  std::string path_;
  std::vector<FieldInfo>& out_;
};

}  // namespace

InputErrors::InputErrors(const std::vector<InputError>& all) : InputError(all.front()), all_(all) {}

void read_fields(const Value& root, const std::string& name,
                 const std::function<void(Fields&)>& describe) {
  std::vector<InputError> errors;
  Reader reader(root, name, "", errors);
  describe(reader);
  reader.finish();
  if (errors.size() == 1) throw errors.front();
  if (!errors.empty()) throw InputErrors(errors);
}

std::string write_fields(const std::function<void(Fields&)>& describe) {
  std::string out;
  Writer writer("", out);
  describe(writer);
  return out;
}

std::vector<FieldInfo> list_fields(const std::function<void(Fields&)>& describe) {
  std::vector<FieldInfo> all;
  Lister lister("", all);
  describe(lister);
  return all;
}

}  // namespace orrery::cli
