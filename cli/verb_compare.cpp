// orrery compare: the table that a paper needs, from run records.
#include <CLI/CLI.hpp>
#include <memory>

#include "actors/error.hpp"
#include "cli/command.hpp"
#include "record/compare.hpp"

namespace orrery::cli {

namespace {

struct CompareOptions {
  std::vector<std::string> runs;
  bool json = false;
  bool markdown = false;
  bool csv = false;
  bool error = false;
  bool jobs = false;
};

int compare_runs(const CompareOptions& options) {
  if (options.json + options.markdown + options.csv > 1) {
    throw InputError(
        {"command line", 0, 0, "one of --json, --markdown and --csv", "more than one", ""});
  }
  if (options.jobs && options.csv) {
    throw InputError({"--jobs", 0, 0, "text, --json or --markdown beside it", "--csv",
                      "jobs.csv of both runs has the values"});
  }
  std::vector<record::RunFolder> runs;
  for (const std::string& folder : options.runs) runs.push_back(record::load_run(folder));
  record::Comparison comparison = record::compare(runs, {options.error});
  if (options.jobs && comparison.errors.empty()) {
    throw InputError({"--jobs", 0, 0, "a live run and a simulation of it, in this order",
                      "no such pair", "--error takes any run for a model of the first"});
  }
  print(options.json       ? record::to_json(comparison, options.jobs)
        : options.markdown ? record::to_markdown(comparison, options.jobs)
        : options.csv      ? record::to_csv(comparison)
                           : record::to_text(comparison, options.jobs));
  return kDone;
}

}  // namespace

void add_compare(CLI::App& app, Action& action) {
  auto o = std::make_shared<CompareOptions>();
  CLI::App* verb = app.add_subcommand("compare", "Compare run records, job by job");
  verb->add_option("RUN", o->runs, "Folders of run records; the first is the baseline")->required();
  verb->add_flag("--json", o->json, "Print JSON");
  verb->add_flag("--markdown", o->markdown, "Print a table in Markdown");
  verb->add_flag("--csv", o->csv, "Print CSV, a row a number");
  verb->add_flag("--error", o->error,
                 "Take the runs for models of the first and say how far off they are; done anyway "
                 "where the first ran live and the others were simulated");
  verb->add_flag("--jobs", o->jobs, "List these errors job by job too");
  verb->footer(
      "Examples:\n"
      "  orrery compare results/fcfs results/easy\n"
      "      Two policies on the same jobs: means, percentiles, and the difference of each job.\n"
      "  orrery compare easy-live easy-simulated\n"
      "      How far the simulation is from the live run: makespan, utilisation, and each job.\n"
      "  orrery compare results/* --markdown\n"
      "      All of a sweep; runs that differ in their seed alone become one row with its\n"
      "      95 % confidence interval.");
  verb->callback([&action, o] { action = [o] { return compare_runs(*o); }; });
}

}  // namespace orrery::cli
