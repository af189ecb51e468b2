#include "traces/speed_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace orrery::traces {

namespace {

void append(std::string& out, double value) {
  char text[32];
  out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

template <typename Number>
bool parse_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

/// Calls `item` with each piece of `text` between '/'. False as soon as `item` is.
template <typename Item>
bool each_piece(std::string_view text, Item&& item) {
  while (true) {
    const size_t slash = std::min(text.find('/'), text.size());
    if (!item(text.substr(0, slash))) return false;
    if (slash == text.size()) return true;
    text.remove_prefix(slash + 1);
  }
}

bool parse_kind(std::string_view text, SpeedModel& out) {
  if (text == "fixed") return true;
  if (text == "linear") {
    out.kind = SpeedModel::Kind::kLinear;
    return true;
  }
  if (text.starts_with("amdahl:")) {
    out.kind = SpeedModel::Kind::kAmdahl;
    return parse_number(text.substr(7), out.serial);
  }
  if (!text.starts_with("table:")) return false;
  out.kind = SpeedModel::Kind::kTable;
  return each_piece(text.substr(6), [&](std::string_view piece) {
    const size_t equals = piece.find('=');
    if (equals == std::string_view::npos) return false;
    auto& [tasks, speed] = out.table.emplace_back();
    return parse_number(piece.substr(0, equals), tasks) &&
           parse_number(piece.substr(equals + 1), speed);
  });
}

bool is_positive(double value) { return std::isfinite(value) && value > 0; }

}  // namespace

std::string speed_text(const SpeedModel& model) {
  std::string out;
  switch (model.kind) {
    case SpeedModel::Kind::kFixed: out = "fixed"; break;
    case SpeedModel::Kind::kLinear: out = "linear"; break;
    case SpeedModel::Kind::kAmdahl:
      out = "amdahl:";
      append(out, model.serial);
      break;
    case SpeedModel::Kind::kTable:
      for (const auto& [tasks, speed] : model.table) {
        out += out.empty() ? "table:" : "/";
        out += std::to_string(tasks) + "=";
        append(out, speed);
      }
      break;
  }
  for (size_t i = 0; i < model.by_gpu_type.size(); ++i) {
    out += i == 0 ? "@" : "/";
    append(out, model.by_gpu_type[i]);
  }
  return out;
}

bool parse_speed(std::string_view text, SpeedModel& out) {
  out = {};
  const size_t at = text.find('@');
  if (!parse_kind(text.substr(0, at), out)) return false;
  if (at != std::string_view::npos) {
    const bool good = each_piece(text.substr(at + 1), [&](std::string_view piece) {
      return parse_number(piece, out.by_gpu_type.emplace_back());
    });
    if (!good) return false;
  }
  return fault_of(out).empty();
}

std::string fault_of(const SpeedModel& model) {
  if (model.kind > SpeedModel::Kind::kTable) return "a speed model of an unknown kind";
  if (model.kind == SpeedModel::Kind::kAmdahl && !(model.serial >= 0 && model.serial <= 1)) {
    return "a serial fraction outside of 0 to 1";
  }
  if (model.kind == SpeedModel::Kind::kTable) {
    if (model.table.empty()) return "a speed table without points";
    uint32_t last = 0;
    for (const auto& [tasks, speed] : model.table) {
      if (tasks <= last) return "a speed table whose numbers of tasks do not ascend from 1";
      if (!is_positive(speed)) return "a speed that is not above 0";
      last = tasks;
    }
  }
  if (!std::all_of(model.by_gpu_type.begin(), model.by_gpu_type.end(), is_positive)) {
    return "a factor of a GPU type that is not above 0";
  }
  return "";
}

}  // namespace orrery::traces
