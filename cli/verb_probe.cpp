// orrery probe: measures what a speed model needs to know of this machine.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include "actors/error.hpp"
#include "cli/command.hpp"
#include "live/nvml/gpu_probe.hpp"

namespace orrery::cli {

namespace {

struct ProbeOptions {
  int gpu = 0;
  std::string library;
  std::string out;
};

constexpr std::chrono::minutes kPatience{2};  // a measurement takes seconds

int probe_gpu(const ProbeOptions& o) {
  const std::filesystem::path library =
      o.library.empty() ? live::cuda_library_beside_program() : std::filesystem::path(o.library);
  const std::string profile = live::profile_yaml(live::measure_gpu(library, o.gpu, kPatience));
  if (o.out.empty()) {
    print(profile);
    return kDone;
  }
  std::ofstream file(o.out);
  file << profile;
  file.close();
  if (!file) throw EnvironmentError(o.out + ": can't be written: " + std::strerror(errno));
  return kDone;
}

}  // namespace

void add_probe(CLI::App& app, Action& action) {
  CLI::App* probe = app.add_subcommand("probe", "Measure what this machine can do");
  probe->require_subcommand(1);
  auto o = std::make_shared<ProbeOptions>();
  CLI::App* gpu = probe->add_subcommand("gpu", "Measure copies, matrix products and overlap");
  gpu->add_option("--gpu", o->gpu, "Which one, by CUDA's number (default: 0)")
      ->type_name("N")
      ->check(CLI::Range(0, 1023).description(""));
  gpu->add_option("-o,--out", o->out, "Write the profile there (default: print it)")
      ->type_name("FILE");
  gpu->add_option("--library", o->library,
                  "Orrery's CUDA library (default: liborrery-cuda.so beside the program)")
      ->type_name("PATH");
  gpu->footer(
      "Needs a build with CUDA and an idle GPU; takes a few seconds.\n"
      "Example:\n"
      "  orrery probe gpu --out h100.yaml");
  gpu->callback([&action, o] { action = [o] { return probe_gpu(*o); }; });
}

}  // namespace orrery::cli
