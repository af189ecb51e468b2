// From a scenario to cluster and workload.
#include "cli/build.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

#include "cli/sim_options.hpp"
#include "cli/table.hpp"

namespace orrery::cli {
namespace {

namespace fs = std::filesystem;

ClusterSpec cluster_of(const std::string& nodes) {
  Value root = parse_document("workload: {trace: x}\ncluster: " + nodes, "s.yaml");
  expand_shorthands(root);
  return build_cluster(read_scenario(root).cluster);
}

std::string message_of(const std::function<void()>& deed) {
  try {
    deed();
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

TEST(BuildCluster, GroupsBecomeNodesWithNamesAndRacks) {
  ClusterSpec cluster =
      cluster_of("2x8:name=old,nodes_per_rack=1+3x4:name=new,gpus=2,gpu_type=A100");
  ASSERT_EQ(cluster.size(), 5u);
  EXPECT_EQ(cluster.nodes[1].name, "old1");
  EXPECT_EQ(cluster.nodes[2].name, "new0");
  EXPECT_EQ(cluster.nodes[1].rack, 1u);
  EXPECT_EQ(cluster.nodes[4].rack, 2u);
  EXPECT_EQ(cluster.nodes[0].capacity.cpu_milli, 8000);
  EXPECT_EQ(cluster.nodes[4].gpus, 2u);
  EXPECT_EQ(cluster.nodes[4].capacity.gpu_milli[1], 1000);
  EXPECT_EQ(cluster.nodes[4].capacity.gpu_milli[2], 0);
  EXPECT_EQ(cluster.gpu_types, std::vector<std::string>{"A100"});
}

TEST(BuildCluster, NodesOfAListStandInRacksAsTheyAreListed) {
  const fs::path list =
      fs::temp_directory_path() / ("orrery-racks-" + std::to_string(getpid()) + ".csv");
  std::ofstream(list) << "sn,cpu_milli,memory_mib,gpu,model\n"
                         "a,8000,1024,0,\nb,8000,1024,0,\nc,8000,1024,0,\n";
  ClusterSource source;
  source.from = list.string();
  source.nodes_per_rack = 2;
  const ClusterSpec cluster = build_cluster(source);
  source.nodes_per_rack = 0;
  const ClusterSpec one_rack = build_cluster(source);
  fs::remove(list);
  ASSERT_EQ(cluster.size(), 3u);
  EXPECT_EQ(cluster.nodes[1].rack, 0u);
  EXPECT_EQ(cluster.nodes[2].rack, 1u);
  EXPECT_EQ(one_rack.nodes[2].rack, 0u);
}

TEST(BuildCluster, RefusesTwoNodesOfOneName) {
  EXPECT_EQ(message_of([] { cluster_of("11:name=a+1:name=a1"); }),
            "cluster.nodes: expected nodes with different names, found two called \"a1\"; give the "
            "groups other names");
}

TEST(AlignGpuTypes, JobsMeanTheSameTypesAsBefore) {
  ClusterSpec cluster = cluster_of("1x8:name=n,gpus=2,gpu_type=A100+1x8:name=m,gpus=1,gpu_type=T4");
  Workload workload;
  workload.gpu_types = {"T4", "P100"};
  workload.specs.resize(3);
  workload.specs[0].each.gpu_types = 0b01;
  workload.specs[1].each.gpu_types = 0b10;
  workload.speeds[0].by_gpu_type = {2, 3};
  align_gpu_types(cluster, workload);
  EXPECT_EQ(cluster.gpu_types, (std::vector<std::string>{"A100", "T4", "P100"}));
  EXPECT_EQ(workload.specs[0].each.gpu_types, 0b010u);
  EXPECT_EQ(workload.specs[1].each.gpu_types, 0b100u);  // a type that no node has: fits nowhere
  EXPECT_EQ(workload.specs[2].each.gpu_types, 0u);      // any type will do
  EXPECT_EQ(workload.speeds[0].by_gpu_type, (std::vector<double>{1, 2, 3}));
}

TEST(BuildWorkload, CutsAndStretches) {
  Value root = parse_document(
      "workload: {generate: {model: rigid, processors: 64, jobs: 50}, limit: 10, time_scale: 2}",
      "s.yaml");
  Scenario scenario = read_scenario(root);
  Inputs about;
  Workload stretched = build_workload(scenario, nullptr, about);
  scenario.workload.time_scale = 1;
  scenario.workload.limit = 0;
  Workload whole = build_workload(scenario, nullptr, about);
  ASSERT_EQ(stretched.size(), 10u);
  ASSERT_EQ(whole.size(), 50u);
  Duration gap = whole.specs[9].submit - whole.specs[0].submit;
  EXPECT_EQ(stretched.specs[9].submit - stretched.specs[0].submit, gap * 2);
}

TEST(Seeds, ListsAndRanges) {
  EXPECT_EQ(parse_seeds("7"), (std::vector<uint64_t>{7}));
  EXPECT_EQ(parse_seeds("9,1..3"), (std::vector<uint64_t>{9, 1, 2, 3}));
  EXPECT_EQ(message_of([] { parse_seeds("3..1"); }),
            "--seed 3..1: expected seeds such as 7, 1,2,3 or 1..5, found \"3..1\"");
  EXPECT_EQ(message_of([] { parse_seeds("1,1"); }),
            "--seed 1,1: expected each seed once, found a second 1");
  EXPECT_EQ(message_of([] { parse_seeds("0..9223372036854775807"); }),
            "--seed 0..9223372036854775807: expected at most 10000 seeds, found more of them");
  EXPECT_NE(message_of([] { parse_seeds(""); }), "");
  EXPECT_NE(message_of([] { parse_seeds("-1"); }), "");
}

TEST(Table, NumbersForPeople) {
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(123), "123");
  EXPECT_EQ(fixed(1234.56, 1), "1,234.6");
  EXPECT_EQ(fixed(-0.01, 1), "0.0");
  EXPECT_EQ(fixed(-1234.5, 1), "-1,234.5");
  Table table;
  table.add({"a", "bb"});
  table.add({"ccc", "d"});
  EXPECT_EQ(table.text(), "a    bb\nccc   d\n");
}

}  // namespace
}  // namespace orrery::cli
