// orrery replay: feed the journal of a run to fresh actors.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "actors/fields.hpp"
#include "cli/command.hpp"
#include "cli/replay.hpp"
#include "cli/table.hpp"

namespace orrery::cli {

namespace {

constexpr const char* kExamples = R"(Examples:
  orrery replay run --verify
      Does the journal give the same decisions again? Exit code 0 if all are equal, 1 if not.
  orrery replay run --verify --policy sjf
      What would another policy have decided first that this one did not?
  orrery replay state --verify --from snapshot
      From the newest snapshot on: what a controller does that is started again.
  orrery replay run
      Print every input and every decision, a line each.

From the start, what the actors remember is held against each snapshot on the way, too.
A journal that was cut off, by a crash or a full disk, is verified as far as it reads.)";

struct Options {
  std::string run;
  bool verify = false;
  bool json = false;
  ReplayOptions replay;
};

std::string line_of(const record::JournalEntry& entry) {
  std::string what = entry.decision ? decision_text(*entry.decision) : describe(entry.input);
  return seconds_text(entry.at.ns) + " " + describe(entry.actor) + ": " + what + "\n";
}

std::string verdict(const ReplayResult& result) {
  std::string text = grouped(result.inputs) + " inputs replayed, " + grouped(result.decisions) +
                     " decisions equal";
  if (result.snapshots > 0) text += ", " + grouped(result.snapshots) + " snapshots equal";
  if (result.cut_off) {
    text += "; the journal is cut off after " + seconds_text(result.last.ns) +
            " s, what came later is not known";
  }
  return text + "\n";
}

std::string difference_text(const ReplayResult::Difference& difference) {
  return "at " + seconds_text(difference.at.ns) + " s, " + describe(difference.actor) +
         ": expected " + difference.expected + ", found " + difference.found;
}

std::string verdict_json(const ReplayResult& result) {
  nlohmann::ordered_json json{{"inputs", result.inputs},
                              {"decisions", result.decisions},
                              {"snapshots", result.snapshots},
                              {"cut_off", result.cut_off},
                              {"difference", nullptr}};
  if (result.difference) {
    json["difference"] = {{"time_s", result.difference->at.as_seconds()},
                          {"actor", describe(result.difference->actor)},
                          {"expected", result.difference->expected},
                          {"found", result.difference->found}};
  }
  return json.dump(2) + "\n";
}

int run(Options options) {
  if (!options.verify) {
    options.replay.each = [](const record::JournalEntry& entry) { print(line_of(entry)); };
  }
  ReplayResult result = replay(options.run, options.replay);
  if (options.json && options.verify) {
    print(verdict_json(result));
  } else if (options.verify) {
    print(verdict(result));
  }
  if (options.verify && result.difference) throw PropertyError(difference_text(*result.difference));
  return kDone;
}

}  // namespace

void add_replay(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("replay", "Feed the journal of a run to fresh actors");
  verb->add_option("RUN", o->run, "The folder of a run record")->required();
  verb->add_flag("--verify", o->verify, "Compare every decision with the journal's");
  verb->add_option("--policy", o->replay.policy, "Another policy than that of the run")
      ->type_name("NAME");
  verb->add_option("--set", o->replay.sets, "Change a key of the scenario; several times")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb->add_option("--from", o->replay.from,
                   "Where to begin: start (default), snapshot (the newest) or snapshot:N")
      ->type_name("PLACE");
  verb->add_flag("--json", o->json, "Print the verdict as JSON");
  verb->footer(kExamples);
  verb->callback([&action, o] { action = [o] { return run(*o); }; });
}

}  // namespace orrery::cli
