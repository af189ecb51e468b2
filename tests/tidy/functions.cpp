#include "tests/tidy/functions.hpp"

#include <algorithm>
#include <set>

namespace orrery::tidy {
namespace {

enum class Brace { kScope, kFunction, kOther };

/// Walks the tokens with a stack of open braces. The head is what stands since the last end of a
/// statement: it tells what an opening brace opens.
class Walk {
 public:
  explicit Walk(const std::vector<Token>& tokens) : tokens_(tokens) {}

  std::vector<FunctionSpan> run() {
    for (at_ = 0; at_ < tokens_.size(); ++at_) {
      const std::string_view text = tokens_[at_].text;
      if (text == "#") {
        skip_directive();
      } else if (text == "{") {
        open();
      } else if (text == "}") {
        close();
      } else if (text == ";" || is_label()) {
        start_head();
      }
    }
    return found_;
  }

 private:
  /// A directive ends with its line, unless that ends with a backslash.
  void skip_directive() {
    size_t line = tokens_[at_].line;
    while (at_ + 1 < tokens_.size() && tokens_[at_ + 1].line == line) {
      ++at_;
      if (tokens_[at_].text == "\\") ++line;
    }
    start_head();
  }

  /// `public:` and the like end nothing but start a new head.
  bool is_label() const {
    static const std::set<std::string_view> kAccess{"public", "private", "protected"};
    return at_ > 0 && tokens_[at_].text == ":" && kAccess.contains(tokens_[at_ - 1].text);
  }

  void start_head() {
    head_ = at_ + 1;
    after_function_ = false;
  }

  bool inside_function() const {
    return std::find(open_.begin(), open_.end(), Brace::kFunction) != open_.end();
  }

  /// The index of the head's first token that is neither `template <...>` nor an attribute.
  size_t head_start() const {
    size_t i = head_;
    if (i < at_ && tokens_[i].text == "template") {
      int depth = 0;
      for (++i; i < at_; ++i) {
        if (tokens_[i].text == "<") ++depth;
        if (tokens_[i].text == ">" && --depth == 0) break;
      }
      ++i;
    }
    return i;
  }

  Brace kind() const {
    static const std::set<std::string_view> kScopes{"namespace", "class",  "struct", "enum",
                                                    "union",     "extern", "export"};
    if (inside_function()) return Brace::kOther;
    const size_t start = head_start();
    // A brace right behind the braces of a constructor's initialisers opens its body.
    if (start >= at_) return after_function_ ? Brace::kFunction : Brace::kOther;
    if (kScopes.contains(tokens_[start].text)) return Brace::kScope;
    for (size_t i = start; i < at_; ++i) {
      if (tokens_[i].text == "(") return Brace::kFunction;
    }
    return after_function_ ? Brace::kFunction : Brace::kOther;
  }

  void open() {
    open_.push_back(kind());
    if (open_.back() == Brace::kFunction && !after_function_) {
      first_line_ = tokens_[std::min(head_start(), at_)].line;
    }
    if (open_.back() != Brace::kOther) start_head();
  }

  void close() {
    if (open_.empty()) return;
    const Brace closed = open_.back();
    open_.pop_back();
    if (closed == Brace::kOther) return;
    start_head();
    if (closed != Brace::kFunction) return;
    found_.push_back({first_line_, tokens_[at_].line});
    const std::string_view next = at_ + 1 < tokens_.size() ? tokens_[at_ + 1].text : "";
    after_function_ = next == "," || next == "{";
    if (after_function_) found_.pop_back();
  }

  const std::vector<Token>& tokens_;
  std::vector<Brace> open_;
  std::vector<FunctionSpan> found_;
  size_t at_ = 0;
  size_t head_ = 0;
  size_t first_line_ = 0;
  bool after_function_ = false;  ///< initialisers in braces stand just before the head
};

}  // namespace

std::vector<FunctionSpan> functions_of(const std::vector<Token>& tokens) {
  return Walk(tokens).run();
}

}  // namespace orrery::tidy
