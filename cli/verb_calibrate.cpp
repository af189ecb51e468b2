// orrery calibrate: fit the simulated world to what one run measured.
#include <CLI/CLI.hpp>
#include <memory>

#include "actors/error.hpp"
#include "cli/calibration.hpp"
#include "cli/command.hpp"
#include "record/output_file.hpp"

namespace orrery::cli {

namespace {

constexpr const char* kExamples = R"(Examples:
  orrery calibrate fcfs-live --out model.yaml
      How long containers take to start and to end, how fast they work: from one live run.
  orrery sim scenarios/fidelity.yaml --model model.yaml --policy fcfs,easy,sjf --out predicted
      Predict other runs with it.
  orrery compare easy-live predicted/easy
      How far off is the prediction?

The sections world and network are written, with the samples behind each number as a comment.)";

struct Options {
  std::string run;
  std::string out;
  bool measured = false;
};

int run(const Options& options) {
  Observation seen = observe(options.run);
  std::string yaml =
      to_yaml(calibrate(seen), seen, options.measured ? RunTimes::kMeasured : RunTimes::kDeclared);
  if (seen.cut_off) {
    complain(options.run + ": the journal is cut off after " + seconds_text(seen.last.ns) +
             " s of the run; only what came before is fitted to");
  }
  if (options.out.empty()) {
    print(yaml);
    return kDone;
  }
  record::OutputFile file(options.out);
  file.write(yaml);
  file.commit();
  return kDone;
}

}  // namespace

void add_calibrate(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* verb =
      app.add_subcommand("calibrate", "Fit the simulated world to what one run measured");
  verb->add_option("RUN", o->run, "The folder of a run record with a journal")->required();
  verb->add_option("-o,--out", o->out, "The file to write (default: print it)")->type_name("FILE");
  verb->add_flag("--measured", o->measured,
                 "For a workload of trace import --from: its run times hold all but the start");
  verb->footer(kExamples);
  verb->callback([&action, o] { action = [o] { return run(*o); }; });
}

}  // namespace orrery::cli
