#include "cli/generator.hpp"

#include <algorithm>

#include "actors/limits.hpp"

namespace orrery::cli {

namespace {

constexpr int64_t kMostProcessors = 1'000'000'000;

template <size_t N>
void describe_weights(Fields& f, Key key, std::array<double, N>& weights) {
  auto parse = [&](std::string_view text) {
    std::array<double, N> read{};
    double sum = 0;
    for (size_t i = 0; i < N; ++i) {
      size_t comma = std::min(text.find(','), text.size());
      bool last = i + 1 == N;
      if (last != (comma == text.size())) return false;
      std::string_view item = text.substr(0, comma);
      while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
      if (!parse_real(item, read[i]) || read[i] < 0) return false;
      sum += read[i];
      text.remove_prefix(last ? comma : comma + 1);
    }
    if (!(sum > 0) || sum > 1e12) return false;
    weights = read;
    return true;
  };
  auto print = [&] {
    std::string text;
    for (double weight : weights) text += (text.empty() ? "" : ",") + real_text(weight);
    return text;
  };
  f.scalar(key, std::to_string(N) + " weights, 0 or more, not all 0", parse, print, {});
}

void describe_jobs(Fields& f, uint32_t& jobs) {
  f.whole({"jobs", "how many"}, jobs, 1, limits::kJobs, "number of jobs");
}

void describe_lublin(Fields& f, traces::LublinOptions& o) {
  describe_jobs(f, o.jobs);
  f.whole({"processors", "of the machine, the largest job; 0: as many as the cluster has cores"},
          o.processors, 0, kMostProcessors, "number of processors");
  f.choice_of({"population", "the jobs that the model was fitted to"}, o.population,
              {"batch", "all"});
  f.whole({"start_hour", "hour of the day at the start"}, o.start_hour, 0, 23, "hour");
  f.real({"gap_factor", "on the times between submissions; below 1 the load is higher"},
         o.gap_factor, 0.001, 1000, "factor");
  f.real({"most_overestimate", "requested time is the run time times up to this; 0: none"},
         o.most_overestimate, 0, 1000, "factor");
}

void describe_dl(Fields& f, traces::DlOptions& o) {
  describe_jobs(f, o.jobs);
  f.whole({"gpus", "that `load` refers to, the largest gang; 0: as many as the cluster has"},
          o.gpus, 0, kMostProcessors, "number of GPUs");
  f.real({"load", "GPU time asked for, as a part of what there is"}, o.load, 0.001, 100,
         "fraction");
  describe_weights(f, {"gang_weights", "how often gangs of 1, 2, 4, 8, 16, 32 and 64 GPUs come"},
                   o.gang_weights);
  f.real({"duration_mu", "of the lognormal run time in seconds: the median is e to this"},
         o.duration_mu, -10, 20, "number");
  f.real({"duration_sigma", "of the lognormal run time: its spread"}, o.duration_sigma, 0, 10,
         "number");
  f.real({"longest_s", "no run time is longer"}, o.longest_s, 1, 1e9, "number of seconds");
  f.real({"day_swing", "0: no daily cycle; 1: nothing comes at the quietest hour"}, o.day_swing, 0,
         1, "fraction");
  f.real({"weekend_factor", "rate of submissions at weekends; the start is a Monday"},
         o.weekend_factor, 0, 10, "factor");
  f.whole({"users", "who submit"}, o.users, 1, 1'000'000, "number of users");
  f.real({"user_skew", "Zipf exponent of the users' activity"}, o.user_skew, 0, 10, "number");
  f.real({"failing", "part of the jobs that fails"}, o.failing, 0, 1, "fraction");
  f.real({"most_overestimate", "requested time is the run time times up to this; 0: none"},
         o.most_overestimate, 0, 1000, "factor");
  f.real({"sharing", "part of the single-GPU jobs that takes a share of a GPU"}, o.sharing, 0, 1,
         "fraction");
  f.whole({"cpu_milli_per_gpu", "thousandths of a core for each GPU"}, o.cpu_milli_per_gpu, 0,
          1'000'000, "number of milli-cores");
  f.size({"memory_per_gpu", "for each GPU"}, o.memory_mib_per_gpu, int64_t{1} << 30);
}

void describe_rigid(Fields& f, traces::RigidOptions& o) {
  describe_jobs(f, o.jobs);
  f.whole({"processors", "of the machine, the largest job; 0: as many as the cluster has cores"},
          o.processors, 0, kMostProcessors, "number of processors");
  f.real({"load", "processor time asked for, as a part of what there is"}, o.load, 0.001, 100,
         "fraction");
  describe_weights(f, {"weights", "how often jobs of 1, 2, 4 ... 256 processors come"}, o.weights);
  f.real({"run_mu", "of the lognormal run time in seconds: the median is e to this"}, o.run_mu, -10,
         20, "number");
  f.real({"run_sigma", "of the lognormal run time: its spread"}, o.run_sigma, 0, 10, "number");
}

uint32_t size_for(uint32_t given, uint64_t of_cluster, const char* key, const char* what) {
  if (given > 0) return given;
  if (of_cluster == 0) {
    throw InputError({std::string("generate.") + key, 0, 0,
                      std::string("a number of ") + what + " above 0",
                      std::string("0, and a cluster without ") + what, ""});
  }
  return static_cast<uint32_t>(std::min<uint64_t>(of_cluster, kMostProcessors));
}

}  // namespace

GeneratorSource::GeneratorSource() {
  lublin.processors = 0;
  dl.gpus = 0;
  rigid.processors = 0;
}

const std::vector<std::string>& model_names() {
  static const std::vector<std::string> names{"lublin", "dl", "rigid"};
  return names;
}

void describe_generator(Fields& f, GeneratorSource& source) {
  f.choice({"model", "lublin: batch jobs; dl: training jobs; rigid: jobs for comparisons"},
           source.model, model_names());
  if (source.model == "lublin") describe_lublin(f, source.lublin);
  if (source.model == "dl") describe_dl(f, source.dl);
  if (source.model == "rigid") describe_rigid(f, source.rigid);
}

Workload generate(GeneratorSource source, uint64_t seed, const ClusterSpec* cluster) {
  int64_t milli = 0;
  uint64_t gpus = 0;
  if (cluster != nullptr) {
    for (const NodeSpec& node : cluster->nodes) {
      milli += node.capacity.cpu_milli;
      gpus += node.gpus;
    }
  }
  auto cores = static_cast<uint64_t>(milli / 1000);
  source.lublin.seed = source.dl.seed = source.rigid.seed = seed;
  if (source.model == "dl") {
    source.dl.gpus = size_for(source.dl.gpus, gpus, "gpus", "GPUs");
    return traces::generate_dl(source.dl);
  }
  if (source.model == "rigid") {
    source.rigid.processors = size_for(source.rigid.processors, cores, "processors", "cores");
    return traces::generate_rigid(source.rigid);
  }
  source.lublin.processors = size_for(source.lublin.processors, cores, "processors", "cores");
  return traces::generate_lublin(source.lublin);
}

}  // namespace orrery::cli
