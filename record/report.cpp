#include "record/report.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "record/output_file.hpp"
#include "record/report_data.hpp"

namespace orrery::record {

namespace {

using Json = nlohmann::ordered_json;

std::string escaped(std::string_view text) {
  std::string html;
  for (char c : text) {
    switch (c) {
      case '&': html += "&amp;"; break;
      case '<': html += "&lt;"; break;
      case '>': html += "&gt;"; break;
      case '"': html += "&quot;"; break;
      default: html += c;
    }
  }
  return html;
}

std::string decimal(double value, int digits) {
  char text[64];
  char* end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits).ptr;
  return {text, end};
}

// Thousands apart: 28,481.
std::string grouped(uint64_t value) {
  std::string text = std::to_string(value);
  for (auto at = static_cast<int64_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<size_t>(at), ",");
  }
  return text;
}

std::string seconds(double s) { return human_text(Duration::ceil_seconds(s)); }

std::string percent(const std::optional<double>& share) {
  return share ? decimal(*share * 100, 1) + " %" : "none";
}

std::string slowdown(double value) { return decimal(value, value < 100 ? 2 : 0); }

std::string tile(const std::string& label, const std::string& value, const std::string& more) {
  return "<div class=\"tile\"><dt>" + label + "</dt><dd>" + value + "</dd><dd class=\"more\">" +
         more + "</dd></div>\n";
}

std::string tiles(const Summary& s) {
  uint64_t completed = s.by_state[static_cast<size_t>(FinalState::kCompleted)];
  std::string html;
  html += tile("Mean wait", seconds(s.wait_s.mean), "95th percentile " + seconds(s.wait_s.p95));
  html += tile("Mean turnaround", seconds(s.turnaround_s.mean),
               "95th percentile " + seconds(s.turnaround_s.p95));
  html += tile("Mean bounded slowdown", slowdown(s.bounded_slowdown.mean),
               "95th percentile " + slowdown(s.bounded_slowdown.p95));
  html += tile("Core utilisation", percent(s.core_utilisation),
               decimal(s.core_hours, 0) + " core-hours");
  if (s.gpus > 0) {
    html +=
        tile("GPU utilisation", percent(s.gpu_utilisation), decimal(s.gpu_hours, 0) + " GPU-hours");
    html += tile("GPU fragmentation", percent(s.gpu_fragmentation),
                 "of all GPUs: free, of no use to the usual job");
  }
  html += tile("Makespan", seconds(s.makespan_s), "first submission to last end");
  html += tile("Jobs completed", grouped(completed), "of " + grouped(s.jobs));
  html += tile("Fairness", s.fairness ? decimal(*s.fairness, 3) : "none",
               "Jain's index over users, 1 is equal");
  if (s.finish_time_fairness.count > 0) {
    html += tile("Finish-time fairness", slowdown(s.finish_time_fairness.mean),
                 "mean; " + percent(s.finish_time_unfair) + " of jobs later than in 1/N");
  }
  if (s.envy) {
    html += tile("Envy", decimal(*s.envy, 3),
                 "mean over users, 0 is none; at most " + decimal(*s.envy_max, 3));
  }
  if (s.deadlines) {
    const Deadlines& d = *s.deadlines;
    html += tile("Deadlines met", percent(double(d.met) / double(d.jobs)),
                 "of " + grouped(d.jobs) + "; the latest by " + seconds(d.lateness_max_s));
  }
  if (s.energy_kwh) {
    html += tile("Energy", decimal(*s.energy_kwh, 1) + " kWh", "idle nodes included");
  }
  return html;
}

std::string distribution_row(const char* label, const Distribution& d,
                             std::string (*text)(double)) {
  std::string html = "<tr><th scope=\"row\">" + std::string(label) + "</th>";
  for (double value : {d.mean, d.median, d.p95, d.p99, d.max}) {
    html += "<td>" + (d.count > 0 ? text(value) : "none") + "</td>";
  }
  return html + "<td>" + grouped(d.count) + "</td></tr>\n";
}

std::string distributions(const Summary& s) {
  return distribution_row("Wait", s.wait_s, seconds) +
         distribution_row("Turnaround (JCT)", s.turnaround_s, seconds) +
         distribution_row("Bounded slowdown", s.bounded_slowdown, slowdown) +
         distribution_row("Finish-time fairness", s.finish_time_fairness, slowdown);
}

std::string facts(const Summary& s) {
  std::string html;
  auto row = [&](const std::string& label, const std::string& value) {
    html += "<tr><th scope=\"row\">" + label + "</th><td>" + value + "</td></tr>\n";
  };
  for (size_t i = 0; i < kFinalStates; ++i) {
    if (s.by_state[i] == 0) continue;
    row(std::string("Jobs ") + name_of(static_cast<FinalState>(i)), grouped(s.by_state[i]));
  }
  if (s.not_submitted > 0) row("Jobs not submitted by the end", grouped(s.not_submitted));
  row("Attempts", grouped(s.attempts));
  row("Preemptions", grouped(s.preemptions));
  row("Requeues", grouped(s.requeues));
  row("Resizes", grouped(s.resizes));
  row("Restarts", grouped(s.restarts));
  if (s.preemptions_per_job) row("Preemptions a job", decimal(*s.preemptions_per_job, 3));
  if (s.starts_per_job_hour) row("Starts a job-hour", decimal(*s.starts_per_job_hour, 3));
  row("Mean queue", decimal(s.mean_pending_jobs, 1) + " jobs");
  row("Mean running", decimal(s.mean_running_jobs, 1) + " jobs");
  row("Interrupted attempts", decimal(s.interrupted_core_hours, 1) + " core-hours");
  if (s.gpus > 0) {
    row("Interrupted attempts, GPUs", decimal(s.interrupted_gpu_hours, 1) + " GPU-hours");
  }
  if (s.lost_core_hours) row("Lost work", decimal(*s.lost_core_hours, 1) + " core-hours");
  row("Actor steps", grouped(s.steps));
  return html;
}

std::string cluster_text(const Summary& s) {
  std::string text = grouped(s.nodes) + (s.nodes == 1 ? " node, " : " nodes, ") +
                     decimal(s.cores, s.cores == std::floor(s.cores) ? 0 : 1) + " cores";
  if (s.gpus > 0) text += ", " + grouped(s.gpus) + (s.gpus == 1 ? " GPU" : " GPUs");
  return text;
}

std::string digest_text(uint64_t digest) {
  char digits[16];
  char* end = std::to_chars(digits, digits + sizeof digits, digest, 16).ptr;
  std::string text(digits, end);
  return std::string(16 - text.size(), '0') + text;
}

std::string subtitle(const Summary& s) {
  std::string html = "<strong>" + escaped(s.policy) + "</strong>";
  if (!s.workload.empty()) html += " · " + escaped(s.workload);
  html += " · " + cluster_text(s) + " · seed " + std::to_string(s.seed) + " · digest <code>" +
          digest_text(s.digest) + "</code>";
  if (!s.version.empty()) html += " · Orrery " + escaped(s.version);
  return html;
}

Json json_of(const Cdf& cdf) {
  Json points = Json::array();
  for (auto [edge, count] : cdf.points) points.push_back({edge, count});
  return points;
}

// Nodes alike beside one another as one entry: [how many, milli-cores, GPUs].
Json node_shapes(const ClusterSpec& cluster) {
  Json shapes = Json::array();
  for (size_t i = 0; i < cluster.size();) {
    size_t begin = i;
    const NodeSpec& node = cluster.nodes[begin];
    auto alike = [&](const NodeSpec& other) {
      return other.capacity.cpu_milli == node.capacity.cpu_milli && other.gpus == node.gpus;
    };
    while (i < cluster.size() && alike(cluster.nodes[i])) ++i;
    shapes.push_back({i - begin, node.capacity.cpu_milli, node.gpus});
  }
  return shapes;
}

Json node_names(const ClusterSpec& cluster) {
  constexpr size_t kNamed = 20'000;  // beyond, the page shows node numbers
  Json names = Json::array();
  if (cluster.size() > kNamed) return names;
  for (const NodeSpec& node : cluster.nodes) names.push_back(node.name);
  return names;
}

bool shares_gpus(const Workload& workload) {
  return std::any_of(workload.specs.begin(), workload.specs.end(),
                     [](const JobSpec& spec) { return spec.each.shares_gpu(); });
}

std::string meta(const Rows& rows, const Timeline& timeline, const Summary& s,
                 const JobsPacking& jobs) {
  Json reasons = Json::array();
  for (size_t i = 0; i <= static_cast<size_t>(ReasonCode::kTooManyFailures); ++i) {
    reasons.push_back(name_of(static_cast<ReasonCode>(i)));
  }
  Json states = Json::array();
  for (size_t i = 0; i < kFinalStates; ++i) {
    states.push_back(name_of(static_cast<FinalState>(i)));
  }
  Json json{{"jobs", s.jobs},
            {"kept", jobs.kept},
            {"stride", jobs.stride},
            {"tick", static_cast<double>(jobs.tick_ns) / 1e9},
            {"begin", s.first_submission_s},
            {"end", s.end_s},
            {"width", static_cast<double>(timeline.width().ns) / 1e9},
            {"buckets", timeline.buckets().size()},
            {"cores", s.cores},
            {"gpus", s.gpus},
            {"powered", s.energy_kwh.has_value()},
            {"shared", shares_gpus(*rows.workload)},
            {"shapes", node_shapes(*rows.cluster)},
            {"nodes", node_names(*rows.cluster)},
            {"users", rows.workload->users},
            {"reasons", reasons},
            {"states", states},
            {"waits", json_of(wait_cdf(rows))},
            {"slowdowns", json_of(slowdown_cdf(rows))}};
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  // A name must not be able to end the script element that holds this.
  for (size_t at = 0; (at = text.find('<', at)) != std::string::npos;) {
    text.replace(at, 1, "\\u003c");
  }
  return text;
}

}  // namespace

void write_report(const std::filesystem::path& file, const Rows& rows, const Timeline& timeline,
                  const Summary& summary) {
  JobsPacking jobs = packing_of(rows, timeline.begin(), timeline.end());
  Bytes levels = pack_timeline(timeline, rows.fragmented_gpu);
  OutputFile out(file);
  auto fill = [&](std::string_view slot) {
    std::string title = summary.name.empty() ? "Run" : summary.name;
    if (slot == "title") return out.write(escaped(title + " · " + summary.policy));
    if (slot == "name") return out.write(escaped(title));
    if (slot == "subtitle") return out.write(subtitle(summary));
    if (slot == "tiles") return out.write(tiles(summary));
    if (slot == "distributions") return out.write(distributions(summary));
    if (slot == "facts") return out.write(facts(summary));
    if (slot == "meta") return out.write(meta(rows, timeline, summary, jobs));
    if (slot == "jobs") {
      return put_jobs(out, rows, timeline.begin(), timeline.end(), jobs);
    }
    if (slot == "timeline") return put_base64(out, levels.data(), levels.size());
  };
  std::string_view rest = kReportTemplate;
  for (size_t at = 0; (at = rest.find("{{")) != std::string_view::npos;) {
    size_t end = rest.find("}}", at);
    out.write(rest.substr(0, at));
    fill(rest.substr(at + 2, end - at - 2));
    rest.remove_prefix(end + 2);
  }
  out.write(rest);
  out.commit();
}

}  // namespace orrery::record
