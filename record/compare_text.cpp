// The forms of a comparison: text, Markdown, CSV, JSON.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "record/compare.hpp"
#include "record/text.hpp"

namespace orrery::record {

namespace {

using Json = nlohmann::ordered_json;
using Table = std::vector<std::vector<std::string>>;

// Enough digits for a paper: four or five that count, none behind the point from 1000 on.
std::string number(double value) {
  double size = std::fabs(value);
  int digits = size >= 1000 || value == std::floor(value) ? 0 : size >= 10 ? 2 : 4;
  char text[400];
  char* end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits).ptr;
  std::string out(text, end);
  return out == "-0" ? "0" : out;
}

std::string exact(double value) {
  char text[kNumberRoom];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string estimate_text(const Estimate& e) {
  return number(e.mean) + (e.half_width ? " ± " + number(*e.half_width) : "");
}

std::string signed_estimate(const Estimate& e) {
  if (e.count == 0) return "none";
  return (e.mean > 0 ? "+" : "") + estimate_text(e);
}

std::string share(uint64_t part, uint64_t all) {
  if (all == 0) return "none";
  char text[kNumberRoom];
  double percent = 100.0 * static_cast<double>(part) / static_cast<double>(all);
  char* end = std::to_chars(text, text + sizeof text, percent, std::chars_format::fixed, 1).ptr;
  return std::string(text, end) + " %";
}

std::string with_unit(const char* title, const char* unit) {
  return *unit == 0 ? title : std::string(title) + " (" + unit + ")";
}

Table summary_table(const Comparison& c) {
  Table table{{"metric"}};
  for (const Group& group : c.groups) {
    table[0].push_back(group.label + (group.runs.size() > 1
                                          ? " (" + std::to_string(group.runs.size()) + " seeds)"
                                          : ""));
  }
  for (size_t i = 0; i < metrics().size(); ++i) {
    std::vector<std::string> row{with_unit(metrics()[i].title, metrics()[i].unit)};
    bool any = false;
    for (const Group& group : c.groups) {
      any = any || group.values[i].has_value();
      row.push_back(group.values[i] ? estimate_text(*group.values[i]) : "none");
    }
    if (any) table.push_back(std::move(row));
  }
  return table;
}

Table pairing_table(const Comparison& c) {
  Table table{{"against " + c.groups[0].label, "quantity", "mean difference", "better", "worse",
               "equal", "jobs"}};
  for (const Pairing& pairing : c.pairings) {
    for (const PairedMetric& m : pairing.metrics) {
      table.push_back({c.groups[pairing.group].label, with_unit(m.title, m.unit),
                       signed_estimate(m.difference), share(m.better, m.jobs),
                       share(m.worse, m.jobs), share(m.equal, m.jobs), std::to_string(m.jobs)});
    }
  }
  return table;
}

std::string percent_text(std::optional<double> value) {
  if (!value) return "none";
  char text[kNumberRoom];
  char* end = std::to_chars(text, text + sizeof text, *value, std::chars_format::fixed, 2).ptr;
  return (*value > 0 ? "+" : "") + std::string(text, end);
}

std::string signed_number(double value) { return (value > 0 ? "+" : "") + number(value); }

Table error_table(const ModelError& error, const Comparison& c) {
  Table table{{"error of " + c.groups[error.group].label, c.groups[0].label, "model", "error",
               "error (%)"}};
  for (const RunError& one : error.runs) {
    table.push_back({with_unit(one.metric->title, one.metric->unit), number(one.real),
                     number(one.model), signed_number(one.error()), percent_text(one.percent())});
  }
  return table;
}

Table job_error_table(const ModelError& error, const Comparison& c) {
  Table table{{"error of each job, " + c.groups[error.group].label, "jobs", "bias", "mean",
               "median", "p95", "max"}};
  for (const JobErrors& one : error.jobs) {
    const Distribution& absolute = one.absolute_s;
    table.push_back({with_unit(one.title, "s"), std::to_string(absolute.count),
                     signed_number(one.bias_s), number(absolute.mean), number(absolute.median),
                     number(absolute.p95), number(absolute.max)});
    const Distribution& relative = one.relative_percent;
    table.push_back({with_unit(one.title, "%"), std::to_string(relative.count), "",
                     number(relative.mean), number(relative.median), number(relative.p95),
                     number(relative.max)});
  }
  return table;
}

Table each_job_table(const ModelError& error, const Comparison& c) {
  Table table{{"job, " + c.groups[error.group].label, "wait (s)", "model", "error",
               "turnaround (s)", "model", "error"}};
  auto add = [](std::vector<std::string>& row, double real, double model) {
    auto cell = [](double value, bool sign) {
      return std::isnan(value) ? "none" : sign ? signed_number(value) : number(value);
    };
    row.insert(row.end(), {cell(real, false), cell(model, false), cell(model - real, true)});
  };
  for (const JobError& job : error.each) {
    std::vector<std::string> row{job.real.id};
    add(row, job.real.wait_s, job.model.wait_s);
    add(row, job.real.turnaround_s, job.model.turnaround_s);
    table.push_back(std::move(row));
  }
  return table;
}

std::vector<Table> error_tables(const Comparison& c, bool jobs) {
  std::vector<Table> tables;
  for (const ModelError& error : c.errors) {
    tables.push_back(error_table(error, c));
    tables.push_back(job_error_table(error, c));
    if (jobs) tables.push_back(each_job_table(error, c));
  }
  return tables;
}

// What a reader must know about the numbers.
std::vector<std::string> notes(const Comparison& c) {
  std::vector<std::string> notes;
  if (!c.pairings.empty()) {
    notes.push_back("Differences are per job, that run minus the baseline; better: smaller.");
  }
  if (!c.errors.empty()) {
    notes.push_back("Errors are the model minus " + c.groups[0].label +
                    "; of each job without their sign, as a part of that job's own value in %; "
                    "bias: their mean with it.");
  }
  bool over_jobs = false;
  bool over_seeds = std::any_of(c.groups.begin(), c.groups.end(),
                                [](const Group& group) { return group.runs.size() > 1; });
  for (const Pairing& pairing : c.pairings) {
    (pairing.over_seeds ? over_seeds : over_jobs) = true;
    const std::string& label = c.groups[pairing.group].label;
    if (pairing.only_baseline + pairing.only_other > 0) {
      notes.push_back(label + ": " + std::to_string(pairing.only_baseline) +
                      " jobs of the baseline are missing, " + std::to_string(pairing.only_other) +
                      " jobs are not in the baseline.");
    }
    for (const PairedMetric& m : pairing.metrics) {
      if (m.one_sided == 0) continue;
      notes.push_back(label + ": " + std::to_string(m.one_sided) + " jobs have a " + m.title +
                      " in one of the two runs only and are left out of its comparison.");
    }
  }
  if (over_seeds) notes.push_back("± over seeds: 95 % confidence interval, Student's t.");
  if (over_jobs) {
    notes.push_back(
        "± over jobs: 95 % confidence interval, Student's t, as if jobs were independent; jobs of "
        "one run are not, so run several seeds before claiming a small difference.");
  }
  return notes;
}

// Characters that a terminal shows, for UTF-8 without wide or combining ones.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string aligned(const Table& table, size_t left_columns) {
  std::vector<size_t> widths(table[0].size());
  for (const auto& row : table) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : table) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      size_t space = widths[i] - width_of(row[i]);
      if (i > 0) line += "  ";
      if (i >= left_columns) line.append(space, ' ');
      line += row[i];
      if (i < left_columns) line.append(space, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string markdown(const Table& table, size_t left_columns) {
  auto cell = [](std::string text) {
    for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
      text.insert(at, "\\");
    }
    return text;
  };
  std::string out;
  for (size_t r = 0; r < table.size(); ++r) {
    for (const std::string& text : table[r]) out += "| " + cell(text) + " ";
    out += "|\n";
    if (r > 0) continue;
    for (size_t i = 0; i < table[0].size(); ++i) out += i < left_columns ? "|---" : "|---:";
    out += "|\n";
  }
  return out;
}

std::string field(const std::string& text) {
  std::string out(2 * text.size() + 2, '\0');
  out.resize(static_cast<size_t>(put_field(out.data(), text) - out.data()));
  return out;
}

Json json_of(const Estimate& e) {
  Json json{{"mean", e.mean}, {"ci95_half_width", nullptr}, {"count", e.count}};
  if (e.half_width) json["ci95_half_width"] = *e.half_width;
  return json;
}

Json json_of(const Pairing& pairing, const Comparison& c) {
  Json json{{"baseline", c.groups[0].label},
            {"group", c.groups[pairing.group].label},
            {"interval_over", pairing.over_seeds ? "seeds" : "jobs"},
            {"run_pairs", pairing.seeds},
            {"jobs_only_in_baseline", pairing.only_baseline},
            {"jobs_only_in_group", pairing.only_other}};
  for (const PairedMetric& m : pairing.metrics) {
    json[m.key] = {{"difference", json_of(m.difference)},
                   {"jobs", m.jobs},
                   {"better", m.better},
                   {"worse", m.worse},
                   {"equal", m.equal},
                   {"one_sided", m.one_sided}};
  }
  return json;
}

Json json_of(const Distribution& d) {
  return {{"count", d.count}, {"mean", d.mean}, {"median", d.median},
          {"p95", d.p95},     {"p99", d.p99},   {"max", d.max}};
}

Json json_of(const ModelError& error, const Comparison& c, bool jobs) {
  auto known = [](double value) { return std::isnan(value) ? Json(nullptr) : Json(value); };
  Json json{{"real", c.groups[0].label}, {"model", c.groups[error.group].label}};
  for (const RunError& one : error.runs) {
    Json& entry = json[one.metric->key];
    entry = {{"real", one.real}, {"model", one.model}, {"error_percent", nullptr}};
    if (auto percent = one.percent()) entry["error_percent"] = *percent;
  }
  for (const JobErrors& one : error.jobs) {
    json[std::string("each_") + one.key] = {{"bias_s", one.bias_s},
                                            {"absolute_s", json_of(one.absolute_s)},
                                            {"relative_percent", json_of(one.relative_percent)}};
  }
  if (!jobs) return json;
  for (const JobError& job : error.each) {
    json["jobs"].push_back({{"job_id", job.real.id},
                            {"wait_real_s", known(job.real.wait_s)},
                            {"wait_model_s", known(job.model.wait_s)},
                            {"turnaround_real_s", known(job.real.turnaround_s)},
                            {"turnaround_model_s", known(job.model.turnaround_s)}});
  }
  return json;
}

// A model's errors as rows of the CSV: a name and a number each.
std::vector<std::pair<std::string, double>> error_rows(const ModelError& error) {
  std::vector<std::pair<std::string, double>> rows;
  for (const RunError& one : error.runs) {
    rows.emplace_back(one.metric->key, one.error());
    if (auto percent = one.percent()) {
      rows.emplace_back(std::string(one.metric->key) + "_error_percent", *percent);
    }
  }
  for (const JobErrors& one : error.jobs) {
    auto add = [&](const char* what, double value) {
      rows.emplace_back(std::string("each_") + one.key + "_" + what, value);
    };
    add("bias_s", one.bias_s);
    add("absolute_mean_s", one.absolute_s.mean);
    add("absolute_median_s", one.absolute_s.median);
    add("absolute_p95_s", one.absolute_s.p95);
    add("relative_mean_percent", one.relative_percent.mean);
    add("relative_median_percent", one.relative_percent.median);
    add("relative_p95_percent", one.relative_percent.p95);
  }
  return rows;
}

}  // namespace

std::string to_text(const Comparison& c, bool jobs) {
  std::string out = aligned(summary_table(c), 1);
  if (!c.pairings.empty()) out += "\n" + aligned(pairing_table(c), 2);
  for (const Table& table : error_tables(c, jobs)) out += "\n" + aligned(table, 1);
  std::vector<std::string> lines = notes(c);
  if (!lines.empty()) out += "\n";
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

std::string to_markdown(const Comparison& c, bool jobs) {
  std::string out = markdown(summary_table(c), 1);
  if (!c.pairings.empty()) out += "\n" + markdown(pairing_table(c), 2);
  for (const Table& table : error_tables(c, jobs)) out += "\n" + markdown(table, 1);
  std::vector<std::string> lines = notes(c);
  if (!lines.empty()) out += "\n";
  for (const std::string& line : lines) out += "- " + line + "\n";
  return out;
}

std::string to_csv(const Comparison& c) {
  std::string out =
      "section,group,metric,mean,ci95_half_width,count,jobs,better,worse,equal,one_sided\n";
  auto add = [&](const char* section, const std::string& group, const char* metric,
                 const Estimate& e) {
    out += std::string(section) + "," + field(group) + "," + metric + ",";
    if (e.count > 0) out += exact(e.mean);
    out += "," + (e.half_width ? exact(*e.half_width) : "") + "," + std::to_string(e.count);
  };
  for (const Group& group : c.groups) {
    for (size_t i = 0; i < metrics().size(); ++i) {
      add("run", group.label, metrics()[i].key, group.values[i].value_or(Estimate{}));
      out += ",,,,,\n";
    }
  }
  for (const Pairing& pairing : c.pairings) {
    for (const PairedMetric& m : pairing.metrics) {
      add("difference", c.groups[pairing.group].label, m.key, m.difference);
      for (uint64_t count : {m.jobs, m.better, m.worse, m.equal, m.one_sided}) {
        out += "," + std::to_string(count);
      }
      out += "\n";
    }
  }
  for (const ModelError& error : c.errors) {
    for (const auto& [name, value] : error_rows(error)) {
      add("error", c.groups[error.group].label, name.c_str(), {value, std::nullopt, 1});
      out += ",,,,,\n";
    }
  }
  return out;
}

std::string to_json(const Comparison& c, bool jobs) {
  Json groups = Json::array();
  for (const Group& group : c.groups) {
    Json runs = Json::array();
    for (size_t run : group.runs) runs.push_back(c.runs[run]);
    Json json{{"label", group.label}, {"runs", runs}};
    for (size_t i = 0; i < metrics().size(); ++i) {
      json[metrics()[i].key] = group.values[i] ? json_of(*group.values[i]) : Json(nullptr);
    }
    groups.push_back(std::move(json));
  }
  Json pairings = Json::array();
  for (const Pairing& pairing : c.pairings) pairings.push_back(json_of(pairing, c));
  Json errors = Json::array();
  for (const ModelError& error : c.errors) errors.push_back(json_of(error, c, jobs));
  Json json{{"groups", groups}, {"pairings", pairings}, {"errors", errors}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace orrery::record
