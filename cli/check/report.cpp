#include "cli/check/report.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/table.hpp"

namespace orrery::cli {

namespace {

using Json = nlohmann::ordered_json;

// A case of more figures, or a suite of more cases, is shown in short.
constexpr size_t kFewFigures = 4;
constexpr size_t kFewCases = 100;

constexpr const char* kStates[] = {"held", "differs", "not run", "broken"};

const char* name_of(CaseState state) { return kStates[static_cast<size_t>(state)]; }

// As many decimals as the source prints.
std::string like(double value, const std::string& digits) {
  if (digits.find_first_of("eE") != std::string::npos) return shortest(value);
  const size_t point = digits.find('.');
  const size_t decimals = point == std::string::npos ? 0 : digits.size() - point - 1;
  char text[512];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed,
                                          static_cast<int>(decimals));
  return error == std::errc() ? std::string(text, end) : shortest(value);
}

std::string with_unit(const std::string& text, const std::string& unit) {
  return unit.empty() ? text : text + " " + unit;
}

double off(const Comparison& c) { return c.found - c.expected_value; }

std::string off_text(const Comparison& c) {
  const double by = off(c);
  if (by == 0) return "0";
  char text[64];
  const auto [end, error] =
      std::to_chars(text, text + sizeof text, by, std::chars_format::general, 2);
  return (by > 0 ? "+" : "") + (error == std::errc() ? std::string(text, end) : "?");
}

std::vector<std::string> row_of(const Case& one, const Comparison& c) {
  return {one.name,
          c.figure,
          with_unit(c.expected, c.unit),
          with_unit(like(c.found, c.expected), c.unit),
          off_text(c),
          c.allowed.text,
          c.held ? "held" : "DIFFERS",
          c.beside ? with_unit(like(*c.beside, c.expected), c.unit) : ""};
}

// What is shown as one row: cases of a group with all their figures.
struct Group {
  std::string name;
  size_t cases = 0;
  size_t figures = 0;
  size_t held = 0;
  double furthest = 0;
  std::string unit;
  std::string allowed;
};

std::vector<std::string> row_of(const Group& group) {
  Comparison furthest;
  furthest.found = group.furthest;
  return {group.name,
          std::to_string(group.figures) + " figures" +
              (group.cases > 1 ? " of " + std::to_string(group.cases) + " cases" : ""),
          "",
          "",
          with_unit(off_text(furthest), group.unit),
          group.allowed,
          group.held == group.figures ? "held" : std::to_string(group.held) + " held",
          ""};
}

class TextMaker {
 public:
  TextMaker(const CheckedSuite& suite, bool all) : suite_(suite), all_(all) {}

  std::string text() {
    table_.add({"case", "figure", "published", "found", "off by", "allowed", "", "engine's own"});
    for (size_t i = 0; i < suite_.cases.size(); ++i) add(suite_.cases[i], suite_.results[i]);
    flush();
    return table_.text() + troubles_;
  }

 private:
  void add(const Case& one, const CaseResult& result) {
    const bool many = !all_ && suite_.cases.size() > kFewCases;
    const std::string name = many ? one.name.substr(0, one.name.rfind('/')) : one.name;
    if (name != group_.name) flush();
    if (!result.message.empty()) {
      troubles_ += one.name + ": " + name_of(result.state) + ": " + result.message + "\n";
      return;
    }
    const bool in_full = all_ || (!many && result.comparisons.size() <= kFewFigures);
    for (const Comparison& c : result.comparisons) {
      if (in_full || !c.held) {
        table_.add(row_of(one, c));
      }
      if (!in_full) count(name, c);
    }
    if (!in_full) ++group_.cases;
  }

  void count(const std::string& name, const Comparison& c) {
    group_.name = name;
    ++group_.figures;
    if (c.held) ++group_.held;
    if (std::abs(off(c)) >= std::abs(group_.furthest)) group_.furthest = off(c);
    group_.unit = c.unit;
    group_.allowed = c.allowed.text;
  }

  void flush() {
    if (group_.figures > 0) table_.add(row_of(group_));
    group_ = {};
  }

  const CheckedSuite& suite_;
  bool all_;
  Table table_{{0, 1, 6}};
  Group group_;
  std::string troubles_;
};

std::string escaped(const std::string& text) {
  std::string xml;
  for (const char c : text) {
    switch (c) {
      case '&': xml += "&amp;"; break;
      case '<': xml += "&lt;"; break;
      case '>': xml += "&gt;"; break;
      case '"': xml += "&quot;"; break;
      case '\n': xml += "&#10;"; break;
      default: xml += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return xml;
}

std::string differences(const CaseResult& result) {
  std::string text;
  for (const Comparison& c : result.comparisons) {
    if (c.held) continue;
    text += (text.empty() ? "" : "\n") + c.figure + ": expected " + with_unit(c.expected, c.unit) +
            ", found " + with_unit(shortest(c.found), c.unit) + ", allowed: " + c.allowed.text;
  }
  return text;
}

std::array<size_t, 4> counts_of(const CheckedSuite& suite) {
  std::array<size_t, 4> counts{};
  for (const CaseResult& result : suite.results) ++counts[static_cast<size_t>(result.state)];
  return counts;
}

std::string testcase(const CheckedSuite& suite, size_t i) {
  const CaseResult& result = suite.results[i];
  std::string xml = "    <testcase classname=\"" + escaped(suite.name) + "\" name=\"" +
                    escaped(suite.cases[i].name) + "\" time=\"" + fixed(result.seconds, 3) + "\"";
  switch (result.state) {
    case CaseState::kHeld: return xml + "/>\n";
    case CaseState::kDiffers:
      xml += ">\n      <failure message=\"" + escaped(differences(result)) + "\"/>\n";
      break;
    case CaseState::kMissing:
      xml += ">\n      <skipped message=\"" + escaped(result.message) + "\"/>\n";
      break;
    case CaseState::kBroken:
      xml += ">\n      <error message=\"" + escaped(result.message) + "\"/>\n";
      break;
  }
  return xml + "    </testcase>\n";
}

}  // namespace

std::string check_text(const CheckedSuite& suite, bool all) { return TextMaker(suite, all).text(); }

std::string check_totals(const std::vector<CheckedSuite>& suites) {
  std::array<size_t, 4> counts{};
  size_t cases = 0;
  for (const CheckedSuite& suite : suites) {
    const auto of = counts_of(suite);
    for (size_t i = 0; i < counts.size(); ++i) counts[i] += of[i];
    cases += suite.cases.size();
  }
  std::string text = grouped(cases) + (cases == 1 ? " case: " : " cases: ") + grouped(counts[0]) +
                     " held, " + grouped(counts[1]) + " differ";
  if (counts[2] > 0) text += ", " + grouped(counts[2]) + " not run (data is not there)";
  if (counts[3] > 0) text += ", " + grouped(counts[3]) + " broken";
  return text + "\n";
}

std::string junit_xml(const std::vector<CheckedSuite>& suites) {
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const CheckedSuite& suite : suites) {
    const auto counts = counts_of(suite);
    double seconds = 0;
    for (const CaseResult& result : suite.results) seconds += result.seconds;
    xml += "  <testsuite name=\"" + escaped(suite.name) + "\" tests=\"" +
           std::to_string(suite.cases.size()) + "\" failures=\"" + std::to_string(counts[1]) +
           "\" skipped=\"" + std::to_string(counts[2]) + "\" errors=\"" +
           std::to_string(counts[3]) + "\" time=\"" + fixed(seconds, 3) + "\">\n";
    for (size_t i = 0; i < suite.cases.size(); ++i) xml += testcase(suite, i);
    xml += "  </testsuite>\n";
  }
  return xml + "</testsuites>\n";
}

std::string check_json(const std::vector<CheckedSuite>& suites) {
  Json json = Json::array();
  for (const CheckedSuite& suite : suites) {
    Json cases = Json::array();
    for (size_t i = 0; i < suite.cases.size(); ++i) {
      const Case& one = suite.cases[i];
      const CaseResult& result = suite.results[i];
      Json figures = Json::array();
      for (const Comparison& c : result.comparisons) {
        figures.push_back({{"figure", c.figure},
                           {"unit", c.unit},
                           {"expected", c.expected_value},
                           {"found", c.found},
                           {"allowed", c.allowed.text},
                           {"held", c.held},
                           {"own", c.beside ? Json(*c.beside) : Json()}});
      }
      cases.push_back({{"name", one.name},
                       {"source", one.source},
                       {"state", name_of(result.state)},
                       {"message", result.message},
                       {"figures", std::move(figures)}});
    }
    json.push_back({{"suite", suite.name}, {"cases", std::move(cases)}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace orrery::cli
