#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "tests/tidy/rules.hpp"

namespace orrery::tidy {
namespace {

using Names = std::vector<std::string_view>;

/// Folders in which equal input must give equal runs, and those that write what a run was.
const Names kPure{"actors/", "policies/", "sim/"};
const Names kRepeatable{"actors/", "policies/", "sim/", "traces/", "record/"};
const Names kEverywhere{"actors/", "policies/", "sim/", "traces/", "record/", "cli/"};

/// A group of words with one replacement and one reason.
struct Ban {
  std::string_view rule;
  const Names* folders;
  std::set<std::string_view> words;
  std::string_view instead;
  std::string_view why;
  bool called = false;           ///< only where a call of the word stands: `time(`, not `job.time`
  std::string_view except = {};  ///< the one file that may
};

const std::vector<Ban>& bans() {
  static const std::vector<Ban> kBans{
      {"wall-clock",
       &kRepeatable,
       {"steady_clock", "system_clock", "high_resolution_clock", "utc_clock", "file_clock",
        "gettimeofday", "clock_gettime", "localtime", "gmtime", "localtime_r", "gmtime_r",
        "strftime", "ftime", "timespec_get"},
       "the `now` of the step",
       "a run must not depend on when it runs"},
      {"wall-clock",
       &kRepeatable,
       {"time", "clock"},
       "the `now` of the step",
       "a run must not depend on when it runs",
       true},
      {"random",
       &kEverywhere,
       {"rand", "srand", "rand_r", "drand48", "random_device", "mt19937", "mt19937_64",
        "minstd_rand", "minstd_rand0", "ranlux24", "ranlux48", "default_random_engine",
        "random_shuffle"},
       "orrery::Random(seed, actor, purpose) of actors/random.hpp",
       "each use needs a stream of its own that is equal on every machine"},
      {"environment",
       &kRepeatable,
       {"getenv", "secure_getenv", "setenv", "putenv", "environ"},
       "a field of a config that cli/ fills in",
       "a run must not depend on who starts it"},
      {"sleep",
       &kRepeatable,
       {"usleep", "nanosleep", "sleep_for", "sleep_until"},
       "Outbox::arm",
       "nothing here waits: virtual time passes by events"},
      {"sleep",
       &kRepeatable,
       {"sleep"},
       "Outbox::arm",
       "nothing here waits: virtual time passes by events",
       true},
      {"thread",
       &kPure,
       {"thread", "jthread", "async", "mutex", "condition_variable", "thread_local", "atomic"},
       "values that the runtime hands over",
       "one thread steps the actors; cli/ runs several runs"},
      {"unordered",
       &kPure,
       {"unordered_map", "unordered_set", "unordered_multimap", "unordered_multiset"},
       "a vector indexed by id, or std::map",
       "hash order differs from machine to machine"},
      {"output",
       &kPure,
       {"cout", "cerr", "clog", "printf", "fprintf", "puts", "fopen", "ofstream", "ifstream"},
       "Outbox::note",
       "what a run tells goes into its record, in order",
       false,
       "actors/check.hpp"},
      {"locale",
       &kEverywhere,
       {"atof", "atoi", "atol", "strtod", "strtof", "strtol", "strtoul", "strtoll", "strtoull",
        "stod", "stof", "stoi", "stol", "stoul", "stoll", "stoull", "setlocale"},
       "std::from_chars",
       "a locale must not change a number, and errors must not pass silently"},
  };
  return kBans;
}

bool in_folders(const SourceFile& file, const Names& folders) {
  return std::any_of(folders.begin(), folders.end(),
                     [&](std::string_view folder) { return file.under(folder); });
}

std::string_view text_at(const std::vector<Token>& tokens, size_t at) {
  return at < tokens.size() ? tokens[at].text : std::string_view{};
}

bool is_identifier(std::string_view text) {
  return !text.empty() && text != "return" && (std::isalpha(text[0]) != 0 || text[0] == '_');
}

/// True where the word at `at` calls the C function of that name: `time(`, `std::time(`. A member
/// (`job.time(`), another scope (`Job::time(`) and a declaration (`Duration time(`) do not.
bool is_call(const std::vector<Token>& tokens, size_t at) {
  if (text_at(tokens, at + 1) != "(") return false;
  if (at == 0) return true;
  const std::string_view before = tokens[at - 1].text;
  if (before == ":" && at >= 2 && tokens[at - 2].text == ":") {
    return at < 3 || text_at(tokens, at - 3) == "std" || !is_identifier(tokens[at - 3].text);
  }
  const bool declared = before == "." || before == ">" || before == "&" || before == "*";
  return !declared && !is_identifier(before);
}

/// The index just behind the template arguments that open at `open` ("<"); npos where they do
/// not close (a comparison).
size_t behind_template(const std::vector<Token>& tokens, size_t open) {
  int depth = 0;
  for (size_t i = open; i < tokens.size(); ++i) {
    const std::string_view text = tokens[i].text;
    if (text == "<") ++depth;
    if (text == ">" && --depth == 0) return i + 1;
    if (text == ";" || text == "{") break;
  }
  return std::string_view::npos;
}

/// The names of unordered containers, as far as one pass over tokens can know them: members
/// (`users_`) hold for the whole file, other names until they are declared as something else.
class UnorderedNames {
 public:
  /// Learns the members that `tokens` declare.
  void add_members(const std::vector<Token>& tokens) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      const std::string_view name = declared_at(tokens, i);
      if (name.ends_with('_')) names_.insert(name);
    }
  }

  /// Learns and forgets what the token at `at` declares.
  void pass(const std::vector<Token>& tokens, size_t at) {
    const std::string_view unordered = declared_at(tokens, at);
    if (!unordered.empty()) names_.insert(unordered);
    const std::string_view name = tokens[at].text;
    if (at < 2 || name.ends_with('_') || at == last_) return;
    const std::string_view before = tokens[at - 1].text;
    const std::string_view type = before == "&" || before == "*" ? tokens[at - 2].text : before;
    if (type == ">" || is_identifier(type)) names_.erase(name);
  }

  bool contains(std::string_view name) const { return names_.contains(name); }

 private:
  /// The name of the unordered container whose type starts at `at`; "" where none does.
  std::string_view declared_at(const std::vector<Token>& tokens, size_t at) {
    if (!tokens[at].text.starts_with("unordered_") || text_at(tokens, at + 1) != "<") return {};
    size_t behind = behind_template(tokens, at + 1);
    while (text_at(tokens, behind) == "&" || text_at(tokens, behind) == "*") ++behind;
    if (!is_identifier(text_at(tokens, behind))) return {};
    last_ = behind;
    return tokens[behind].text;
  }

  std::set<std::string_view> names_;
  size_t last_ = 0;  ///< the token of the latest declaration, which pass() comes to in its turn
};

/// The code view of the header beside a source; "" where there is none.
std::string code_of_header(const Tree& tree, const SourceFile& file) {
  if (!file.named(".cpp")) return {};
  const std::string path = file.path.substr(0, file.path.size() - 4) + ".hpp";
  for (const SourceFile& other : tree) {
    if (other.path == path) return code_of(other.text);
  }
  return {};
}

}  // namespace

Findings check_words(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!file.is_code()) continue;
    const std::string code = code_of(file.text);
    const std::vector<Token> tokens = tokens_of(code);
    for (const Ban& ban : bans()) {
      if (!in_folders(file, *ban.folders) || file.path == ban.except) continue;
      for (size_t i = 0; i < tokens.size(); ++i) {
        if (!ban.words.contains(tokens[i].text)) continue;
        if (ban.called && !is_call(tokens, i)) continue;
        findings.push_back({file.path, tokens[i].line, std::string(ban.rule),
                            std::string(tokens[i].text), std::string(ban.instead),
                            std::string(ban.why)});
      }
    }
    for (size_t i = 3; in_folders(file, kEverywhere) && i < tokens.size(); ++i) {
      if (!tokens[i].text.ends_with("_distribution") || tokens[i - 3].text != "std") continue;
      findings.push_back({file.path, tokens[i].line, "random",
                          "std::" + std::string(tokens[i].text),
                          "the distributions of actors/random.hpp",
                          "each standard library draws other numbers from the same seed"});
    }
  }
  return findings;
}

Findings check_unordered_iteration(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!file.is_code() || !in_folders(file, kEverywhere)) continue;
    const std::string code = code_of(file.text);
    const std::vector<Token> tokens = tokens_of(code);
    const std::string header = code_of_header(tree, file);
    UnorderedNames names;
    names.add_members(tokens_of(header));
    names.add_members(tokens);
    for (size_t i = 1; i < tokens.size(); ++i) {
      names.pass(tokens, i);
      if (!names.contains(tokens[i].text)) continue;
      const bool range_for = text_at(tokens, i - 1) == ":" && text_at(tokens, i + 1) == ")";
      const std::string_view member = text_at(tokens, i + 2);
      const bool iterated =
          text_at(tokens, i + 1) == "." && (member == "begin" || member == "cbegin");
      if (!range_for && !iterated) continue;
      findings.push_back({file.path, tokens[i].line, "unordered-iteration",
                          "iteration over " + std::string(tokens[i].text),
                          "a vector in order of insertion beside it, or std::map",
                          "hash order differs from machine to machine"});
    }
  }
  return findings;
}

Findings check_pointer_keys(const Tree& tree) {
  static const std::set<std::string_view> kOrdered{"map", "set", "multimap", "multiset", "less"};
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!file.is_code() || !in_folders(file, kRepeatable)) continue;
    const std::string code = code_of(file.text);
    const std::vector<Token> tokens = tokens_of(code);
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      if (!kOrdered.contains(tokens[i].text) || tokens[i + 1].text != "<") continue;
      int depth = 0;
      size_t at = i + 1;
      for (; at < tokens.size(); ++at) {
        if (tokens[at].text == "<") ++depth;
        if (tokens[at].text == ">" && --depth == 0) break;
        if (tokens[at].text == "," && depth == 1) break;
        if (tokens[at].text == ";" || tokens[at].text == "{") break;
      }
      if (text_at(tokens, at) != "," && text_at(tokens, at) != ">") continue;
      const std::string_view last = text_at(tokens, at - 1);
      if (last != "*") continue;
      findings.push_back({file.path, tokens[i].line, "pointer-key",
                          "std::" + std::string(tokens[i].text) + " ordered by address",
                          "the id of what the pointer points to",
                          "addresses differ from run to run"});
    }
  }
  return findings;
}

}  // namespace orrery::tidy
