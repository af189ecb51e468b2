// orrery trace: look into traces, convert them, make synthetic ones.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "cli/build.hpp"
#include "cli/command.hpp"
#include "cli/generator.hpp"
#include "cli/measured.hpp"
#include "cli/record_folder.hpp"
#include "cli/table.hpp"
#include "traces/info.hpp"
#include "traces/reader.hpp"
#include "traces/writer.hpp"

namespace orrery::cli {

namespace {

struct TraceOptions {
  std::vector<std::string> files;
  std::string from;
  std::string format;
  std::string throughputs;
  std::string on_error;
  std::string out;
  std::string out_format;
  std::string model;
  std::string jobs;
  std::vector<std::string> sets;
  uint64_t seed = 1;
  double host_gflops = 0;
  bool swf_memory = false;
  bool json = false;
  bool quiet = false;
};

traces::Format format_of(const std::string& option, const std::string& name) {
  if (name.empty()) return traces::Format::kGuess;
  if (auto format = traces::format_by_name(name)) return *format;
  const std::vector<std::string> names{"swf",   "openb",     "philly",  "muri",        "tiresias",
                                       "gavel", "shockwave", "chronus", "elasticflow", "helios",
                                       "pai",   "batsim",    "csv",     "binary"};
  throw InputError({option + " " + name, 0, 0, traces::format_names(), in_quotes(name),
                    suggestion(name, names)});
}

traces::ReadOptions read_options(const TraceOptions& o) {
  traces::ReadOptions options;
  options.format = format_of("--format", o.format);
  if (!o.on_error.empty() && o.on_error != "fail" && o.on_error != "skip") {
    throw InputError({"--on-error " + o.on_error, 0, 0, "fail or skip", in_quotes(o.on_error), ""});
  }
  options.skip_errors = o.on_error == "skip";
  options.swf_memory = o.swf_memory;
  options.throughputs = o.throughputs;
  options.host_gflops = o.host_gflops;
  return options;
}

int show_info(const TraceOptions& o) {
  traces::ReadOptions options = read_options(o);
  std::string text;
  for (const std::string& file : o.files) {
    traces::ReadReport report;
    Workload workload = traces::read_workload(file, options, report);
    traces::TraceInfo info = traces::describe(workload, report);
    std::string one = o.json ? traces::json_of(info) : traces::text_of(info);
    while (!one.empty() && one.back() == '\n') one.pop_back();
    if (!text.empty()) text += o.json ? ",\n" : "\n";
    text += one;
    if (!o.json) text += "\n";
  }
  print(o.json ? "[\n" + text + "\n]\n" : text);
  return kDone;
}

// By --to, else by the ending of the file's name.
traces::Format target_format(const TraceOptions& o) {
  if (!o.out_format.empty()) return format_of("--to", o.out_format);
  std::string ending = std::filesystem::path(o.out).extension().string();
  if (ending == ".swf") return traces::Format::kSwf;
  if (ending == ".csv") return traces::Format::kOrreryCsv;
  if (ending == ".bin" || ending == ".orrery") return traces::Format::kOrreryBinary;
  throw InputError({"--out " + o.out, 0, 0, "a name that ends in .swf, .csv or .bin",
                    in_quotes(ending), "or say --to swf, csv or binary"});
}

void write_trace(const Workload& workload, const TraceOptions& o) {
  std::vector<std::string> losses;
  switch (target_format(o)) {
    case traces::Format::kSwf: losses = traces::write_swf(workload, o.out); break;
    case traces::Format::kOrreryCsv: traces::write_csv(workload, o.out); break;
    case traces::Format::kOrreryBinary: traces::write_binary(workload, o.out); break;
    default:
      throw InputError({"--to " + o.out_format, 0, 0, "swf, csv or binary", in_quotes(o.out_format),
                        "the other formats are for reading only"});
  }
  if (o.quiet) return;
  for (const std::string& loss : losses) complain(o.out + ": " + loss);
  print(grouped(workload.size()) + " jobs in " + o.out + "\n");
}

// Whether a half-read input will do.
bool may_be_cut(const TraceOptions& o) { return o.on_error == "skip"; }

int import_run(const TraceOptions& o) {
  target_format(o);
  read_options(o);
  Observation seen = observe(o.from);
  if (seen.cut_off && !may_be_cut(o)) {
    throw InputError({(std::filesystem::path(o.from) / kJournal).string(), 0, 0,
                      "a journal that was closed",
                      "one that is cut off after " + seconds_text(seen.last.ns) + " s of the run",
                      "--on-error skip takes what is there"});
  }
  std::vector<std::string> remarks;
  Workload workload = measured_workload(seen, remarks);
  if (!o.quiet) {
    for (const std::string& remark : remarks) complain(o.from + ": " + remark);
  }
  write_trace(workload, o);
  return kDone;
}

int import_trace(const TraceOptions& o) {
  if (o.files.empty() == o.from.empty()) {
    throw InputError({"command line", 0, 0, "a trace or --from RUN",
                      o.from.empty() ? "neither" : "both", "see orrery help trace import"});
  }
  if (!o.from.empty()) return import_run(o);
  std::error_code problem;
  if (std::filesystem::equivalent(o.files.front(), o.out, problem)) {
    throw InputError(
        {"--out " + o.out, 0, 0, "another file than the one that is read", "the same", ""});
  }
  target_format(o);
  traces::ReadReport report;
  Workload workload = traces::read_workload(o.files.front(), read_options(o), report);
  if (!o.quiet) {
    for (const std::string& oddity : report.oddities) complain(o.files.front() + ": " + oddity);
  }
  write_trace(workload, o);
  return kDone;
}

int generate_trace(const TraceOptions& o) {
  target_format(o);
  auto place = [](const std::string& text) {
    return Place{std::make_shared<const std::string>(text), 0, 0};
  };
  Value root;
  root.kind = Value::Kind::kMap;
  root.place = place("command line");
  root.put("model", text_value(o.model, place("command line")));
  if (!o.jobs.empty()) root.put("jobs", text_value(o.jobs, place("--jobs " + o.jobs)));
  for (const std::string& set : o.sets) apply_set(root, set);
  // Without a cluster the sizes are the model's own.
  GeneratorSource source;
  source.lublin.processors = traces::LublinOptions{}.processors;
  source.dl.gpus = traces::DlOptions{}.gpus;
  source.rigid.processors = traces::RigidOptions{}.processors;
  read_fields(root, "the model " + o.model, [&](Fields& f) { describe_generator(f, source); });
  write_trace(generate(source, o.seed, nullptr), o);
  return kDone;
}

void add_reading(CLI::App& verb, TraceOptions& o) {
  verb.add_option("--format", o.format, traces::format_names() + " (default: a guess)")
      ->type_name("NAME");
  verb.add_option("--throughputs", o.throughputs,
                  "Gavel, Shockwave: the table that run times and speeds come from; ElasticFlow: "
                  "the folder of its tables, or what their names begin with")
      ->type_name("FILE");
  verb.add_option("--host-gflops", o.host_gflops,
                  "Batsim: operations a second of a host, in 10^9, for profiles that compute")
      ->type_name("NUMBER")
      ->check(CLI::Range(1e-6, 1e9));
  verb.add_option("--on-error", o.on_error, "A malformed row: fail (default) or skip")
      ->type_name("MODE");
  verb.add_flag("--swf-memory", o.swf_memory, "SWF: take the requested memory as a demand");
}

void add_writing(CLI::App& verb, TraceOptions& o) {
  verb.add_option("-o,--out", o.out, "The file to write: .swf, .csv or .bin")
      ->type_name("FILE")
      ->required();
  verb.add_option("--to", o.out_format, "The format to write: swf, csv or binary")
      ->type_name("NAME");
  verb.add_flag("-q,--quiet", o.quiet, "Print errors only");
}

void add_info(CLI::App& trace, Action& action) {
  auto o = std::make_shared<TraceOptions>();
  CLI::App* verb = trace.add_subcommand("info", "Say what traces hold: jobs, span, load, oddities");
  verb->add_option("FILE", o->files, "Traces, plain or compressed")->required();
  add_reading(*verb, *o);
  verb->add_flag("--json", o->json, "Print JSON");
  verb->footer(
      "Examples:\n  orrery trace info log.swf.gz\n"
      "  orrery trace info --on-error skip --json broken.csv");
  verb->callback([&action, o] { action = [o] { return show_info(*o); }; });
}

void add_import(CLI::App& trace, Action& action) {
  auto o = std::make_shared<TraceOptions>();
  CLI::App* verb = trace.add_subcommand("import", "Convert a trace, or make one of a run");
  verb->add_option("FILE", o->files, "The trace to read")->expected(0, 1);
  verb->add_option("--from", o->from,
                   "Instead: the record of a run with a journal; what its jobs really took")
      ->type_name("RUN");
  add_reading(*verb, *o);
  add_writing(*verb, *o);
  verb->footer(
      "Examples:\n  orrery trace import log.swf.gz --out log.csv\n"
      "  orrery trace import pods.csv.gz --format openb --out pods.bin\n"
      "  orrery trace import --from fcfs-live --out measured.csv\n"
      "      The jobs of a live run with the run times that its containers took: a simulation\n"
      "      can replay them.");
  verb->callback([&action, o] { action = [o] { return import_trace(*o); }; });
}

void add_gen(CLI::App& trace, Action& action) {
  auto o = std::make_shared<TraceOptions>();
  CLI::App* verb = trace.add_subcommand("gen", "Make a synthetic trace");
  verb->add_option("MODEL", o->model,
                   "lublin: batch jobs; dl: training jobs; rigid: jobs for comparisons")
      ->required();
  verb->add_option("--jobs", o->jobs, "How many")->type_name("N");
  verb->add_option("--set", o->sets, "Set an option of the model; orrery help scenario lists them")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb->add_option("--seed", o->seed, "The same seed gives the same jobs (default 1)")
      ->type_name("N");
  add_writing(*verb, *o);
  verb->footer(
      "Examples:\n  orrery trace gen lublin --jobs 10000 --out batch.swf\n"
      "  orrery trace gen dl --set load=1.2 --set gpus=128 --seed 7 --out dl.csv");
  verb->callback([&action, o] { action = [o] { return generate_trace(*o); }; });
}

}  // namespace

void add_trace(CLI::App& app, Action& action) {
  CLI::App* trace = app.add_subcommand("trace", "Look into traces, convert them, make them");
  trace->require_subcommand(1);
  add_info(*trace, action);
  add_import(*trace, action);
  add_gen(*trace, action);
  trace->footer(
      "Examples:\n  orrery trace info log.swf.gz\n"
      "  orrery trace import log.swf.gz --out log.csv\n"
      "  orrery trace gen dl --jobs 2000 --out dl.csv");
}

}  // namespace orrery::cli
