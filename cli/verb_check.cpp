// orrery check: hold runs against results that are known from elsewhere.
#include <CLI/CLI.hpp>
#include <memory>
#include <thread>

#include "actors/error.hpp"
#include "cli/check/report.hpp"
#include "cli/command.hpp"
#include "cli/plugins.hpp"
#include "cli/table.hpp"
#include "record/output_file.hpp"

namespace orrery::cli {

namespace {

constexpr const char* kExamples = R"(Examples:
  orrery check scenarios/suites/published --data ../shared
      Other groups' published results beside ours; what needs data that is not there is named.
  orrery check my-suite.yaml --junit results.xml
      As a regression test in CI: exit code 1 when a figure is further off than the suite allows.
  orrery check scenarios/suites/published --only muri/trace3 --all
      Some of the cases, with every figure.
  orrery check --worlds
      The other groups' simulators that a suite may name, with their settings.

docs/check.md says how suites are written. Exit code 3: nothing could be run.)";

struct Options {
  std::string suite;
  std::string data = ".";
  std::string only;
  std::string junit;
  uint32_t jobs = 0;
  bool all = false;
  bool json = false;
  bool worlds = false;
};

int list_worlds() {
  Table table({0, 1, 2});
  for (const compat::World& world : compatibility_worlds()) {
    table.add({std::string(world.name), "", std::string(world.meaning)});
    for (const compat::SettingHelp& setting : world.settings) {
      table.add({"", std::string(setting.name), std::string(setting.meaning)});
    }
  }
  print(table.text());
  return kDone;
}

std::vector<CheckedSuite> chosen(const Options& options) {
  std::vector<CheckedSuite> suites;
  size_t cases = 0;
  for (Suite& suite : read_suites(options.suite)) {
    std::erase_if(suite.cases, [&](const Case& one) {
      return one.name.find(options.only) == std::string::npos;
    });
    cases += suite.cases.size();
    if (!suite.cases.empty()) suites.push_back({suite.name, std::move(suite.cases), {}});
  }
  if (cases == 0) {
    throw InputError({.where = "--only",
                      .expected = "a part of a case's name",
                      .found = "\"" + options.only + "\", which no case has",
                      .hint = "leave it out to run all"});
  }
  return suites;
}

int exit_code(const std::vector<CheckedSuite>& suites) {
  bool any_run = false;
  bool differs = false;
  bool broken = false;
  for (const CheckedSuite& suite : suites) {
    for (const CaseResult& result : suite.results) {
      any_run = any_run || result.state != CaseState::kMissing;
      differs = differs || result.state == CaseState::kDiffers;
      broken = broken || result.state == CaseState::kBroken;
    }
  }
  if (broken) return kBadInput;
  if (differs) return kCheckFailed;
  return any_run ? kDone : kEnvironmentMissing;
}

int run(const Options& options) {
  if (options.worlds) return list_worlds();
  if (options.suite.empty()) {
    throw InputError({.where = "SUITE",
                      .expected = "a suite file or a folder",
                      .found = "none",
                      .hint = "orrery check --help shows some"});
  }
  std::vector<CheckedSuite> suites = chosen(options);
  CheckOptions check;
  check.data = options.data;
  check.threads = options.jobs > 0 ? options.jobs : std::thread::hardware_concurrency();
  watch_for_interrupt();
  for (CheckedSuite& suite : suites) {
    check_all(suite.cases, check,
              [&](size_t, const CaseResult& result) { suite.results.push_back(result); });
    if (!options.json) print(check_text(suite, options.all) + "\n");
  }
  if (!options.junit.empty()) {
    record::OutputFile file(options.junit);
    file.write(junit_xml(suites));
    file.commit();
  }
  print(options.json ? check_json(suites) : check_totals(suites));
  return exit_code(suites);
}

}  // namespace

void add_check(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("check", "Hold runs against results known from elsewhere");
  verb->add_option("SUITE", o->suite, "A suite file, or a folder of them (docs/check.md)");
  verb->add_option("--data", o->data, "The folder in which traces and tables lie (default: .)")
      ->type_name("DIR");
  verb->add_option("--only", o->only, "Only cases with this in their name")->type_name("TEXT");
  verb->add_option("--junit", o->junit, "Write the results as JUnit XML")->type_name("FILE");
  verb->add_option("-j,--jobs", o->jobs, "Runs at a time (default: the number of processors)")
      ->type_name("N");
  verb->add_flag("--all", o->all, "Every figure of every case, a row each");
  verb->add_flag("--json", o->json, "Print the results as JSON");
  verb->add_flag("--worlds", o->worlds, "List the worlds and their settings");
  verb->footer(kExamples);
  verb->callback([&action, o] { action = [o] { return run(*o); }; });
}

}  // namespace orrery::cli
