// The experiments of Weng et al. (ATC 2023) against what was published: every percent of arrived
// demand, every decision of the logged run, and bad input.
#include "compat/fgd.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <unistd.h>

#include "actors/error.hpp"
#include "compat/records.hpp"

namespace orrery::compat {
namespace {

namespace fs = std::filesystem;

std::string shared_path(const std::string& file) {
  const char* shared = std::getenv("ORRERY_SHARED");
  const fs::path folder = shared != nullptr ? shared : fs::path(ORRERY_SOURCE_DIR) / "../shared";
  return (folder / file).string();
}

std::string nodes_file() { return shared_path("traces/openb/openb_node_list_gpu_node.csv.gz"); }
std::string pods_file(const std::string& list) {
  return shared_path("traces/openb/openb_pod_list_" + list + ".csv.gz");
}
std::string table_file() { return shared_path("reference/fgd/data/go_rng_table.csv"); }
std::string order_file(const std::string& list, int seed) {
  return shared_path("reference/fgd/data/order/" + list + "." + std::to_string(seed) + ".csv.gz");
}

#define REQUIRE_SHARED() \
  if (!fs::exists(table_file())) GTEST_SKIP() << "no shared data at " << table_file()

/// Of the 500 experiments a handful, each with another list, policy and seed; `orrery check` goes
/// through all of them.
struct Experiment {
  const char* list;
  const char* published;
  Scoring policy;
  int seed;
};
constexpr Experiment kExperiments[] = {
    {"gpuspec10", "06-FGD", Scoring::kFgd, 50},
    {"gpushare100", "05-BestFit", Scoring::kBestFitGpu, 44},
    {"cpu200", "02-DotProd", Scoring::kDotProduct, 45},
    {"multigpu40", "03-GpuClustering", Scoring::kGpuClustering, 49},
    {"multigpu20", "04-GpuPacking", Scoring::kGpuPacking, 50}};

std::string key_of(const std::string& list, const std::string& policy, int seed) {
  return "openb_pod_list_" + list + " " + policy + " " + std::to_string(seed);
}

/// Rows of one table of published results: by list, policy and seed, the value at each percent.
using Published = std::map<std::string, std::vector<double>>;

Published published(const std::string& name, const std::vector<std::string>& wanted) {
  Published rows;
  const std::string file = shared_path("traces/openb/expected_results/" + name + ".csv.gz");
  for_each_record(file, {"workload", "sc_policy", "seed"}, [&](const traces::CsvTable& table) {
    std::string key(table.text(table.find("workload")));
    key += " " + std::string(table.text(table.find("sc_policy")));
    key += " " + std::string(table.text(table.find("seed")));
    if (std::find(wanted.begin(), wanted.end(), key) == wanted.end()) return;
    for (int percent = 0; percent <= 130; ++percent) {
      rows[key].push_back(std::stod(std::string(table.text(table.find(std::to_string(percent))))));
    }
  });
  return rows;
}

FgdMarks marks_of(const FgdInput& input, Scoring policy, int seed) {
  static const GoRandom::Table kTable = GoRandom::read_table(table_file());
  const FgdSequence sequence = draw_fgd_sequence(input, kTable, seed, 1.3);
  return fgd_marks(input, run_fgd(input, sequence, policy, static_cast<uint64_t>(seed)));
}

TEST(FgdWorld, DrawsTheArrivalsOfThePeer) {
  REQUIRE_SHARED();
  const auto table = GoRandom::read_table(table_file());
  const auto check = [&](const std::string& list, int first, int last) {
    const FgdInput input = read_fgd_input(nodes_file(), pods_file(list));
    for (int seed = first; seed <= last; ++seed) {
      const FgdSequence drawn = draw_fgd_sequence(input, table, seed, 1.3);
      const FgdSequence given = read_fgd_sequence(input, order_file(list, seed));
      EXPECT_EQ(drawn.pods, given.pods) << list << " " << seed;
      EXPECT_EQ(drawn.ranks, given.ranks) << list << " " << seed;
    }
  };
  check("default", 42, 51);
  check("gpushare100", 42, 42);
  check("multigpu40", 42, 42);
}

TEST(FgdWorld, MakesEveryDecisionOfTheLoggedRun) {
  REQUIRE_SHARED();
  const FgdInput input = read_fgd_input(nodes_file(), pods_file("default"));
  EXPECT_EQ(input.classes.size(), 35U);
  const FgdSequence sequence = read_fgd_sequence(input, order_file("default", 42));
  const auto arrivals = run_fgd(input, sequence, Scoring::kFgd, 42);
  ASSERT_EQ(arrivals.size(), 10'866U);
  const std::string log = shared_path("reference/fgd/data/default.42.fgd_decisions.csv.gz");
  EXPECT_EQ(fgd_decisions_as_logged(input, arrivals, log), 10'866U);
}

TEST(FgdWorld, GivesWhatWasPublishedAtEveryPercent) {
  REQUIRE_SHARED();
  std::vector<std::string> keys;
  for (const Experiment& one : kExperiments) {
    keys.push_back(key_of(one.list, one.published, one.seed));
  }
  const Published allocation = published("analysis_allo_discrete", keys);
  const Published fragmentation = published("analysis_frag_discrete", keys);
  const Published of_idle = published("analysis_frag_ratio_discrete", keys);
  for (const Experiment& one : kExperiments) {
    const std::string key = key_of(one.list, one.published, one.seed);
    const FgdInput input = read_fgd_input(nodes_file(), pods_file(one.list));
    const FgdMarks marks = marks_of(input, one.policy, one.seed);
    ASSERT_GE(marks.allocation.size(), 131U) << key;
    for (size_t percent = 0; percent <= 130; ++percent) {
      EXPECT_NEAR(marks.allocation[percent], allocation.at(key)[percent], 1e-9)
          << key << " at " << percent << " %";
      EXPECT_NEAR(marks.fragmentation[percent], fragmentation.at(key)[percent], 1e-9)
          << key << " at " << percent << " %";
      EXPECT_NEAR(marks.of_idle[percent], of_idle.at(key)[percent], 1e-9)
          << key << " at " << percent << " %";
    }
  }
}

// Its draws are its own, so only means can agree; one seed's deviation is 0.3 points.
TEST(FgdWorld, RandomAgreesInTheMean) {
  REQUIRE_SHARED();
  const std::vector<std::string> keys{key_of("multigpu40", "01-Random", 42),
                                      key_of("multigpu40", "01-Random", 43)};
  const Published allocation = published("analysis_allo_discrete", keys);
  const FgdInput input = read_fgd_input(nodes_file(), pods_file("multigpu40"));
  double ours = 0;
  double theirs = 0;
  for (const int seed : {42, 43}) {
    ours += marks_of(input, Scoring::kRandomGpu, seed).allocation[130] / 2;
    theirs += allocation.at(keys[static_cast<size_t>(seed - 42)])[130] / 2;
  }
  EXPECT_NEAR(ours, theirs, 0.9);  // points
}

/// A folder with a tiny cluster, to be changed by a test.
class Tiny {
 public:
  Tiny() : folder_(fs::temp_directory_path() / ("orrery-fgd-" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
    write("nodes", "sn,cpu_milli,memory_mib,gpu,model\nb,8000,1000,2,T4\na,4000,1000,1,P100\n");
    write("pods",
          "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"
          "y,1000,1,1,1000,\nx,1000,1,1,500,T4\nz,1000,1,0,0,\n");
    write("order",
          "kind,position,value\npod,0,0\npod,1,1\npod,2,1\npod,3,0\npod,4,0\n"
          "node,0,1\nnode,1,0\n");
    values_ = {{"nodes", path("nodes")},
               {"pods", path("pods")},
               {"order", path("order")},
               {"policy", "fgd"},
               {"seed", "42"}};
  }
  ~Tiny() { fs::remove_all(folder_); }
  Tiny(const Tiny&) = delete;
  Tiny& operator=(const Tiny&) = delete;

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  void set(const std::string& name, const std::string& value) { values_[name] = value; }
  void unset(const std::string& name) { values_.erase(name); }
  std::map<std::string, double> run() const {
    std::map<std::string, double> figures;
    for (const Figure& figure : fgd_world().run(Settings("fgd", values_))) {
      figures[figure.name] = figure.value;
      EXPECT_FALSE(figure.unit.empty()) << figure.name;
    }
    return figures;
  }
  std::string error() const {
    try {
      run();
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  }

 private:
  fs::path folder_;
  std::map<std::string, std::string> values_;
};

TEST(FgdWorld, FillsATinyClusterAsByHand) {
  // y (one GPU) may go to either node, both unfragmented but for the z that cannot use GPUs, and
  // for x (T4 only) on the P100: taking that one is the larger gain. Both x go to one T4. Then y
  // takes the other T4, and the last y finds no GPU.
  const auto figures = Tiny().run();
  EXPECT_EQ(figures.at("arrived"), 5);
  EXPECT_EQ(figures.at("rejected"), 1);
  // 1 of 3 GPUs asked for, 1.5, 2, 3 and 4: 33, 50, 67, 100 and 133 %.
  EXPECT_EQ(figures.at("allocation_50"), 50);
  EXPECT_EQ(figures.at("allocation_100"), 100);
  // After 1.5 GPUs half a T4 and a whole one are idle. z loses all of it, y the half, x none:
  // (1500 + 500 + 0) / 3 of 3000.
  EXPECT_NEAR(figures.at("fragmentation_50"), 22.22, 1e-9);
  EXPECT_NEAR(figures.at("fragmentation_of_idle_50"), 44.44, 1e-9);
  EXPECT_EQ(figures.at("fragmentation_100"), 0);
}

TEST(FgdWorld, CountsDecisionsThatAgreeWithALog) {
  Tiny tiny;
  const std::string header = "seq,pod,node,frag_milli,used_gpu_milli\n";
  tiny.write("log", header +
                        "0,y,a,666.67,1000\n1,x,b,666.67,1500\n2,x-tuned-0,b,333.33,2000\n"
                        "3,y,a,0,3000\n");
  tiny.set("log", tiny.path("log"));
  EXPECT_EQ(tiny.run().at("decisions_as_logged"), 3);  // the last went to b
  tiny.write("log", header + "1,y,a,1,1\n");
  EXPECT_NE(tiny.error().find("log:2:1: expected 0, as decisions count up from 0"),
            std::string::npos)
      << tiny.error();
}

TEST(FgdWorld, SaysWhatIsWrongWithItsInput) {
  const auto error_with = [](const std::function<void(Tiny&)>& change) {
    Tiny tiny;
    change(tiny);
    return tiny.error();
  };
  const auto expect = [&](const char* part, const std::function<void(Tiny&)>& change) {
    const std::string error = error_with(change);
    EXPECT_NE(error.find(part), std::string::npos) << error;
  };
  expect("expected one of fgd, best-fit-gpu", [](Tiny& tiny) { tiny.set("policy", "FGD"); });
  expect("expected setting \"nodes\"", [](Tiny& tiny) { tiny.unset("nodes"); });
  expect("expected a pod that asks for a GPU", [](Tiny& tiny) {
    tiny.write("pods", "name,cpu_milli,memory_mib,num_gpu,gpu_milli\nx,1,1,0,0\n");
  });
  expect("expected a node with a GPU",
         [](Tiny& tiny) { tiny.write("nodes", "sn,cpu_milli,memory_mib,gpu,model\na,1,1,0,\n"); });
  expect("order:2:5: expected 0, as positions count up",
         [](Tiny& tiny) { tiny.write("order", "kind,position,value\npod,1,0\n"); });
  expect("order:2:1: expected pod or node",
         [](Tiny& tiny) { tiny.write("order", "kind,position,value\nrack,0,0\n"); });
  expect("order:3:8: expected a rank that no earlier node has",
         [](Tiny& tiny) { tiny.write("order", "kind,position,value\nnode,0,1\nnode,1,1\n"); });
  expect("expected arrivals of pods, and 2 ranks of nodes, found 1 and 0",
         [](Tiny& tiny) { tiny.write("order", "kind,position,value\npod,0,0\n"); });
  expect("expected 607 rows, found 1", [](Tiny& tiny) {
    tiny.unset("order");
    tiny.write("table", "index,value_int64\n0,-9223372036854775808\n");
    tiny.set("rng_table", tiny.path("table"));
  });
  expect("expected a ratio above 0 and up to 100", [](Tiny& tiny) {
    tiny.unset("order");
    std::string table = "index,value_int64\n";
    for (int i = 0; i < 607; ++i) table += std::to_string(i) + ",1\n";
    tiny.write("table", table);
    tiny.set("rng_table", tiny.path("table"));
    tiny.set("tune", "nan");
  });
}

TEST(FgdWorld, TakesPodsAwayWhereTheyAskForTooMuch) {
  Tiny tiny;
  tiny.write("pods",
             "name,cpu_milli,memory_mib,num_gpu,gpu_milli\n"
             "a,1,1,1,1000\nb,1,1,1,1000\nc,1,1,1,1000\nd,1,1,1,1000\n");
  std::string table = "index,value_int64\n";
  for (int i = 0; i < 607; ++i) table += std::to_string(i) + "," + std::to_string(i * i) + "\n";
  tiny.write("table", table);
  tiny.set("rng_table", tiny.path("table"));
  tiny.unset("order");
  tiny.set("tune", "0.5");  // 1.5 of 3 GPUs
  EXPECT_EQ(tiny.run().at("arrived"), 1);
}

}  // namespace
}  // namespace orrery::compat
