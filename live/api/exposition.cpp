#include "live/api/exposition.hpp"

#include <charconv>
#include <cmath>
#include <set>

namespace orrery::live::api {

namespace {

std::string clean_name(const std::string& name, bool colons) {
  std::string out;
  for (const char c : name) {
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':');
    const bool digit = c >= '0' && c <= '9';
    if (out.empty() && digit) out += '_';
    out += letter || digit ? c : '_';
  }
  return out.empty() ? "_" : out;
}

/// The length of the UTF-8 character at the start of `text`; 0 where there is none.
size_t character_at(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const size_t size = first < 0x80   ? 1
                      : first < 0xc2 ? 0
                      : first < 0xe0 ? 2
                      : first < 0xf0 ? 3
                      : first < 0xf5 ? 4
                                     : 0;
  if (size == 0 || size > text.size()) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  const unsigned second = size > 1 ? byte(1) : 0;
  const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return wrong ? 0 : size;
}

/// With "\" and line ends escaped, and quotes in the value of a label.
std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  while (!text.empty()) {
    const size_t size = character_at(text);
    const char c = text.front();
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else if (size == 0) {
      out += '?';
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[64];
  const auto [end, problem] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return problem == std::errc() ? std::string(buffer, end) : "NaN";
}

const char* type_text(Metric::Kind kind) {
  switch (kind) {
    case Metric::Kind::kGauge: return "gauge";
    case Metric::Kind::kCounter: return "counter";
    case Metric::Kind::kHistogram: return "histogram";
  }
  return "untyped";
}

std::string sample_text(const std::string& name, const Sample& sample) {
  std::string suffix;
  std::string labels;
  std::set<std::string> known;
  for (const auto& [key, value] : sample.labels) {
    if (key == "__suffix__") {
      suffix = value;
      continue;
    }
    const std::string label = clean_name(key, false);
    if (!known.insert(label).second) continue;
    labels += (labels.empty() ? "" : ",") + label + "=\"" + escaped(value, true) + "\"";
  }
  return name + suffix + (labels.empty() ? "" : "{" + labels + "}") + " " +
         number_text(sample.value) + "\n";
}

}  // namespace

std::string exposition(const std::vector<Metric>& metrics) {
  std::string text;
  std::set<std::string> known;
  for (const Metric& metric : metrics) {
    const std::string name = clean_name(metric.name, true);
    if (!known.insert(name).second) continue;
    text += "# HELP " + name + " " + escaped(metric.help, false) + "\n";
    text += "# TYPE " + name + " " + type_text(metric.kind) + "\n";
    for (const Sample& sample : metric.samples) text += sample_text(name, sample);
  }
  return text;
}

}  // namespace orrery::live::api
