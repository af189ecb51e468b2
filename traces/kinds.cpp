#include "traces/kinds.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_set>

#include "traces/scan.hpp"
#include "traces/speed_text.hpp"

namespace orrery::traces {

namespace {

constexpr size_t kFields = 5;

std::string list_text(const std::vector<double>& values) {
  std::string out;
  for (const double value : values) {
    char text[32];
    if (!out.empty()) out += '/';
    out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
  }
  return out;
}

bool parse_number(std::string_view text, double& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse_list(std::string_view text, std::vector<double>& out) {
  while (!text.empty()) {
    const size_t slash = std::min(text.find('/'), text.size());
    if (!parse_number(text.substr(0, slash), out.emplace_back())) return false;
    if (slash + 1 == text.size()) return false;
    text.remove_prefix(std::min(slash + 1, text.size()));
  }
  return true;
}

bool is_share(double value) { return value >= 0 && value <= 1; }
bool is_time(double value) { return std::isfinite(value) && value >= 0; }
bool is_number(double value) { return std::isfinite(value); }

}  // namespace

uint32_t KindTable::index_of(JobKind kind) {
  std::string text = kind_text(kind);
  const auto known = by_text_.find(text);
  if (known != by_text_.end()) return known->second;
  constexpr size_t kLongest = 240;  // so that there is room for the number
  const std::string name = kind.name.substr(0, kLongest);
  for (uint32_t time = times_[kind.name]++; time > 0; time = times_[kind.name]++) {
    kind.name = name + " #" + std::to_string(time + 1);
  }
  const auto index = static_cast<uint32_t>(kinds_.size());
  kinds_.push_back(std::move(kind));
  by_text_.emplace(std::move(text), index);
  return index;
}

std::string kind_text(const JobKind& kind) {
  std::string out;
  append_field(out, kind.name);
  return out + "," + speed_text(kind.speed) + "," + list_text({kind.gpu_busy}) + "," +
         list_text(kind.stages) + "," + list_text(kind.beside);
}

JobKind parse_kind(std::string_view record, uint64_t offset, const RowErrors& errors) {
  CsvRow row;
  row.split(record, errors, offset);
  if (row.size() != kFields) {
    errors.fail(offset + 1, "a name, a speed model, a part of 1, and two lists for kind",
                std::to_string(row.size()) + " fields");
  }
  const auto fail = [&](size_t field, const char* expected) {
    errors.fail(row.column(field), expected, quoted(row.text(field)));
  };
  JobKind kind;
  kind.name = row.text(0);
  if (!is_good_name(kind.name)) fail(0, "1 to 255 printable bytes for the name of a kind");
  if (!parse_speed(row.text(1), kind.speed)) fail(1, kSpeedForms);
  if (!parse_number(row.text(2), kind.gpu_busy) || !is_share(kind.gpu_busy)) {
    fail(2, "a number from 0 to 1 for the part of the time that a kind keeps a GPU busy");
  }
  if (!parse_list(row.text(3), kind.stages) || !std::ranges::all_of(kind.stages, is_time)) {
    fail(3, "seconds with '/' between them for the stages of a kind");
  }
  if (!parse_list(row.text(4), kind.beside) || !std::ranges::all_of(kind.beside, is_number)) {
    fail(4, "numbers with '/' between them for the speeds of a kind beside others");
  }
  return kind;
}

std::string fault_of(const JobKinds& kinds) {
  if (kinds.empty() || kind_text(kinds.front()) != kind_text(JobKind{})) {
    return "kind 0 is not the unknown one";
  }
  std::unordered_set<std::string_view> names;
  for (size_t i = 1; i < kinds.size(); ++i) {
    const JobKind& kind = kinds[i];
    if (!is_good_name(kind.name)) return "a kind without a printable name";
    const std::string who = "kind " + traces::quoted(kind.name) + " ";
    if (!names.insert(kind.name).second) return who + "stands twice";
    if (auto fault = fault_of(kind.speed); !fault.empty()) return who + "has " + fault;
    if (!is_share(kind.gpu_busy)) return who + "keeps a GPU busy for no part of 1";
    if (!std::ranges::all_of(kind.stages, is_time)) return who + "has a stage out of range";
    if (!std::ranges::all_of(kind.beside, is_number)) return who + "has no speed beside another";
    if (kind.beside.size() > kinds.size()) return who + "has a speed beside an unknown kind";
  }
  return "";
}

}  // namespace orrery::traces
