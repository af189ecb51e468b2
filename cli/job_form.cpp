#include "cli/job_form.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "actors/time.hpp"

namespace orrery::cli {

namespace {

using live::JobRequest;

constexpr size_t kFileBytes = size_t{1} << 20U;

Place place_of(const std::string& option) {
  return {std::make_shared<const std::string>(option), 0, 0};
}

/// A number with at most three decimals, in thousandths.
bool parse_milli(std::string_view text, int64_t most, int64_t& milli) {
  double number = 0;
  if (!parse_real(text, number) || number < 0 || number > static_cast<double>(most)) return false;
  milli = std::llround(number * 1000);
  return std::fabs(number * 1000 - static_cast<double>(milli)) < 1e-6;
}

bool parse_gpus(std::string_view text, JobRequest& job) {
  int64_t milli = 0;
  if (!parse_milli(text, 100'000, milli)) return false;
  // A part of one GPU, or whole ones.
  if (milli >= 1000 && milli % 1000 != 0) return false;
  job.gpus = milli == 0 ? 0 : static_cast<int32_t>(std::max<int64_t>(milli / 1000, 1));
  job.gpu_milli = milli > 0 && milli < 1000 ? static_cast<int32_t>(milli) : 1000;
  return true;
}

bool parse_jobs(std::string_view text, std::vector<uint32_t>& jobs) {
  jobs.clear();
  while (true) {
    const size_t comma = std::min(text.find(','), text.size());
    int64_t number = 0;
    if (!parse_whole(text.substr(0, comma), number) || number < 0 || number > UINT32_MAX) {
      return false;
    }
    jobs.push_back(static_cast<uint32_t>(number));
    if (comma == text.size()) return true;
    text.remove_prefix(comma + 1);
  }
}

std::string milli_of(int64_t milli) { return real_text(static_cast<double>(milli) / 1000); }

void describe_demand(Fields& f, JobRequest& job) {
  f.scalar(
      {"cpus", "cores of each task"}, "a number of cores such as 4 or 0.5",
      [&](std::string_view t) { return parse_milli(t, 1'000'000, job.cpu_milli); },
      [&] { return milli_of(job.cpu_milli); }, {});
  f.scalar(
      {"memory", "memory of each task; 0: not counted"}, "a size such as 64GiB",
      [&](std::string_view t) { return parse_size_mib(t, job.memory_mib); },
      [&] { return std::to_string(job.memory_mib); }, {});
  f.scalar(
      {"gpus", "GPUs of each task; less than 1 is a share of one"},
      "a whole number of GPUs, or a share of one such as 0.5",
      [&](std::string_view t) { return parse_gpus(t, job); },
      [&] { return milli_of(int64_t{job.gpus} * job.gpu_milli); }, {});
  f.words({"gpu_types", "types of GPU that will do; empty: any"}, job.gpu_types);
  f.scalar(
      {"time", "requested time; the job is ended after it"}, "a time such as 90m, 1h30m or 1:30:00",
      [&](std::string_view t) {
        double seconds = 0;
        if (!parse_time_limit(t, seconds)) return false;
        job.requested_s = seconds;
        return true;
      },
      [&] { return job.requested_s ? real_text(*job.requested_s) : ""; }, {});
}

/// `variables` are the environment as texts "K=V".
void describe(Fields& f, JobRequest& job, std::vector<std::string>& variables) {
  f.text({"name", "what people call it; not a number"}, job.name);
  f.whole({"tasks", "tasks, which start together or not at all"}, job.tasks, 1, 1'000'000,
          "number of tasks");
  f.whole({"min_tasks", "of a moldable job: it may start with as few"}, job.min_tasks, 0, 1'000'000,
          "number of tasks");
  f.whole({"max_tasks", "of a moldable job: it may start with as many"}, job.max_tasks, 0,
          1'000'000, "number of tasks");
  describe_demand(f, job);
  f.whole({"priority", "higher is earlier under the priority order"}, job.priority, INT32_MIN,
          INT32_MAX, "number");
  f.text({"queue", "the queue"}, job.queue);
  f.text({"group", "whose share of the cluster it uses"}, job.group);
  f.text({"image", "the container image, where an engine runs containers"}, job.image);
  f.text({"workdir", "working directory on the node"}, job.directory);
  f.words({"env", "environment, as NAME: VALUE"}, variables);
  f.scalar(
      {"after", "numbers of jobs that must have ended before"}, "numbers of jobs, such as 3,7",
      [&](std::string_view t) { return parse_jobs(t, job.after); }, [] { return ""; }, {});
  f.text({"key", "a second job of yours with this key is the first one"}, job.key);
  f.words({"command", "the program and its arguments"}, job.command);
  f.require(!job.command.empty() && !job.command.front().empty(), "command",
            "a program and its arguments", "none",
            "put it behind \"--\", or under the key command of the file");
  f.require(job.min_tasks <= job.tasks, "min_tasks", "at most tasks, " + std::to_string(job.tasks),
            std::to_string(job.min_tasks));
  f.require(job.max_tasks == 0 || job.max_tasks >= job.tasks, "max_tasks",
            "at least tasks, " + std::to_string(job.tasks), std::to_string(job.max_tasks));
}

bool is_variable(const std::string& text) {
  return text.find('=') != std::string::npos && text[0] != '=';
}

/// The entries of `env: {A: 1}` as texts "A=1".
void flatten_environment(Value& form) {
  Value* env = form.find("env");
  if (env == nullptr || env->kind != Value::Kind::kMap) return;
  Value list;
  list.kind = Value::Kind::kList;
  list.place = env->place;
  for (size_t i = 0; i < env->keys.size(); ++i) {
    const Value& value = env->items[i];
    const bool simple = value.kind == Value::Kind::kText || value.kind == Value::Kind::kNothing;
    if (!simple) throw error_at(value.place, "text", found_text(value));
    list.items.push_back(text_value(env->keys[i] + "=" + value.text, env->key_places[i]));
  }
  *env = std::move(list);
}

}  // namespace

void put_option(Value& form, const std::string& key, const std::string& option,
                const std::string& text) {
  form.put(key, text_value(text, place_of(option)));
}

void put_list(Value& form, const std::string& key, const std::string& option,
              const std::vector<std::string>& texts) {
  Value list;
  list.kind = Value::Kind::kList;
  list.place = place_of(option);
  for (const std::string& text : texts) list.items.push_back(text_value(text, list.place));
  form.put(key, std::move(list));
}

void put_variable(Value& form, const std::string& text) {
  Value* env = form.find("env");
  if (env == nullptr) {
    put_list(form, "env", "--env", {});
    env = form.find("env");
  }
  if (env->kind == Value::Kind::kList) {
    env->items.push_back(text_value(text, place_of("--env " + text)));
  }
}

Value load_job_form(const std::string& path) {
  Value form;
  if (!path.empty()) form = parse_document(read_text_file(path, kFileBytes), path);
  if (form.kind == Value::Kind::kNothing) {
    form.kind = Value::Kind::kMap;
    form.place = place_of(path.empty() ? "command line" : path);
  }
  if (form.kind != Value::Kind::kMap) {
    throw error_at(form.place, "the keys of a job", found_text(form),
                   "for example: command: [python3, train.py]");
  }
  flatten_environment(form);
  return form;
}

JobRequest read_job_form(const Value& form) {
  JobRequest job;
  std::vector<std::string> variables;
  read_fields(form, "a job", [&](Fields& f) { describe(f, job, variables); });
  Value copy = form;
  const Value* env = copy.find("env");
  for (size_t i = 0; i < variables.size(); ++i) {
    const std::string& text = variables[i];
    if (!is_variable(text)) {
      throw error_at(env->items[i].place, "NAME=VALUE", in_quotes(text));
    }
    job.environment[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
  }
  return job;
}

std::string body_of(const JobRequest& job) {
  nlohmann::ordered_json body{{"command", job.command}, {"tasks", job.tasks}};
  const auto put = [&](const char* key, const auto& value, bool given) {
    if (given) body[key] = value;
  };
  put("name", job.name, !job.name.empty());
  put("group", job.group, !job.group.empty());
  put("queue", job.queue, !job.queue.empty());
  put("image", job.image, !job.image.empty());
  put("environment", job.environment, !job.environment.empty());
  put("directory", job.directory, !job.directory.empty());
  put("min_tasks", job.min_tasks, job.min_tasks != 0);
  put("max_tasks", job.max_tasks, job.max_tasks != 0);
  body["cpu_milli"] = job.cpu_milli;
  body["memory_mib"] = job.memory_mib;
  body["gpus"] = job.gpus;
  body["gpu_milli"] = job.gpu_milli;
  put("gpu_types", job.gpu_types, !job.gpu_types.empty());
  if (job.requested_s) body["requested_s"] = *job.requested_s;
  body["priority"] = job.priority;
  put("after", job.after, !job.after.empty());
  put("key", job.key, !job.key.empty());
  return body.dump();
}

std::vector<FieldInfo> job_form_reference() {
  JobRequest job;
  std::vector<std::string> variables;
  return list_fields([&](Fields& f) { describe(f, job, variables); });
}

bool parse_time_limit(std::string_view text, double& seconds) {
  Duration duration;
  if (text.find(':') == std::string_view::npos) {
    if (!parse_duration(text, duration) || duration.ns <= 0) return false;
    seconds = static_cast<double>(duration.ns) / 1e9;
    return true;
  }
  // [D-]H:MM:SS or MM:SS.
  double days = 0;
  const size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    if (!parse_real(text.substr(0, dash), days)) return false;
    text.remove_prefix(dash + 1);
  }
  double total = 0;
  size_t fields = 0;
  while (true) {
    const size_t colon = std::min(text.find(':'), text.size());
    int64_t number = 0;
    if (!parse_whole(text.substr(0, colon), number) || number < 0 || number > 100'000) return false;
    if (fields > 0 && number > 59) return false;
    total = total * 60 + static_cast<double>(number);
    ++fields;
    if (colon == text.size()) break;
    text.remove_prefix(colon + 1);
  }
  if (fields > 3 || days < 0 || days > 100'000) return false;
  seconds = days * 86'400 + total;
  return seconds > 0;
}

}  // namespace orrery::cli
