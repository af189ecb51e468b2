// orrery submit: hands a job to a controller.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "actors/error.hpp"
#include "cli/api_client.hpp"
#include "cli/api_text.hpp"
#include "cli/command.hpp"
#include "cli/job_form.hpp"

namespace orrery::cli {

namespace {

/// An option that is a key of a job file.
struct Given {
  const char* option;
  const char* key;
  CLI::Option* parsed = nullptr;
};

struct SubmitOptions {
  ClientOptions client;
  std::string file;
  std::map<std::string, std::string> texts;  // by key
  std::vector<Given> given;
  std::vector<std::string> gpu_types;
  std::vector<std::string> environment;
  std::vector<std::string> after;
  std::vector<std::string> command;
  bool quiet = false;
};

/// Jobs by number or by name, as numbers.
std::vector<std::string> numbers_of(const std::vector<std::string>& words, ApiClient& client) {
  std::vector<std::string> numbers;
  for (const std::string& word : words) numbers.push_back(std::to_string(find_job(client, word)));
  return numbers;
}

int submit(const SubmitOptions& o) {
  ApiClient client(o.client);
  Value form = load_job_form(o.file);
  for (const Given& one : o.given) {
    if (one.parsed->count() > 0) put_option(form, one.key, one.option, o.texts.at(one.key));
  }
  if (!o.gpu_types.empty()) put_list(form, "gpu_types", "--gpu-type", o.gpu_types);
  if (!o.after.empty()) put_list(form, "after", "--after", numbers_of(o.after, client));
  for (const std::string& variable : o.environment) put_variable(form, variable);
  if (!o.command.empty()) put_list(form, "command", "command line", o.command);
  const std::string body = body_of(read_job_form(form));
  if (o.client.json) {
    print(client.call("POST", "/v1/jobs", body).body);
    return kDone;
  }
  const auto job = client.json("POST", "/v1/jobs", body);
  const std::string number = std::to_string(static_cast<uint64_t>(number_of(job, "id")));
  print(o.quiet ? number + "\n" : "submitted job " + number + " (" + text_at(job, "name") + ")\n");
  return kDone;
}

void add_keys(CLI::App& verb, SubmitOptions& o) {
  const auto add = [&](const char* option, const char* key, const char* type, const char* help,
                       const char* name = nullptr) {
    CLI::Option* parsed =
        verb.add_option(name == nullptr ? option : name, o.texts[key], help)->type_name(type);
    o.given.push_back({option, key, parsed});
  };
  add("--name", "name", "NAME", "What people call it");
  add("--tasks", "tasks", "N", "Tasks, which start together (default: 1)", "-n,--tasks");
  add("--min-tasks", "min_tasks", "N", "It may start with as few tasks");
  add("--max-tasks", "max_tasks", "N", "It may start with as many tasks");
  add("--cpus", "cpus", "CORES", "Cores of each task (default: 1)", "-c,--cpus");
  add("--memory", "memory", "SIZE", "Memory of each task: 64GiB", "-m,--memory");
  add("--gpus", "gpus", "N", "GPUs of each task; 0.5 is half of one");
  add("--time", "time", "TIME", "Requested time: 90m, 1:30:00", "-t,--time");
  add("--priority", "priority", "N", "Higher is earlier under the priority order");
  add("--queue", "queue", "NAME", "The queue");
  add("--group", "group", "NAME", "Whose share of the cluster it uses");
  add("--image", "image", "IMAGE", "The container image");
  add("--workdir", "workdir", "DIR", "Working directory on the node", "-w,--workdir");
  add("--key", "key", "TEXT", "A second job of yours with this key is the first one");
}

}  // namespace

void add_submit(CLI::App& app, Action& action) {
  auto o = std::make_shared<SubmitOptions>();
  CLI::App* verb = app.add_subcommand("submit", "Hand a job to a controller");
  // What follows the program is the program's, also what begins with "-".
  verb->positionals_at_end();
  verb->add_option("COMMAND", o->command, "The program and its arguments, behind \"--\"");
  verb->add_option("-f,--file", o->file, "A file with the job; options win over it")
      ->type_name("JOB.yaml");
  add_keys(*verb, *o);
  verb->add_option("--gpu-type", o->gpu_types, "A type of GPU that will do; may be repeated")
      ->type_name("TYPE")
      ->allow_extra_args(false);
  verb->add_option("-e,--env", o->environment, "A variable of its environment; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  verb->add_option("--after", o->after,
                   "A job that must have ended before, by number or name; may be repeated")
      ->type_name("JOB")
      ->allow_extra_args(false);
  verb->add_flag("-q,--quiet", o->quiet, "Print the job's number alone");
  add_client_options(*verb, o->client);
  verb->footer(
      "Examples:\n"
      "  orrery submit --name train --gpus 1 --memory 32GiB --time 2h -- python3 train.py\n"
      "  orrery submit --tasks 4 --cpus 8 --env OMP_NUM_THREADS=8 -- ./solver input.dat\n"
      "  orrery submit --file job.yaml --priority 10\n"
      "  orrery submit --after $(orrery submit -q -- ./prepare) -- ./evaluate");
  verb->callback([&action, o] { action = [o] { return submit(*o); }; });
}

}  // namespace orrery::cli
