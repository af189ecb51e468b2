#include <gtest/gtest.h>

#include "shared.hpp"
#include "traces/openb.hpp"
#include "traces/scan.hpp"

namespace orrery::traces {
namespace {

constexpr auto kPods =
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
    "deletion_time,scheduled_time\n";

TEST(Openb, MapsPods) {
  ReadReport report;
  const Workload w = parse(std::string(kPods) +
                               "p0,12000,16384,2,1000,,LS,Running,5,100,7\n"
                               "p1,6000,12288,1,460,P100|T4,BE,Failed,6,20,6\n"
                               "p2,500,1,0,0,,BE,Pending,9,11,\n",
                           Format::kOpenb, {}, &report);
  ASSERT_EQ(w.size(), 3U);
  EXPECT_EQ(w.specs[0].name, "p0");
  EXPECT_EQ(w.specs[0].tasks, 1U);
  EXPECT_EQ(w.specs[0].submit, Instant::seconds(5));
  EXPECT_EQ(w.specs[0].each, (TaskDemand{.cpu_milli = 12000, .memory_mib = 16384, .gpus = 2}));
  EXPECT_EQ(w.truths[0].run_time, Duration::seconds(93));
  EXPECT_EQ(w.queues[w.specs[0].queue], "LS");
  EXPECT_EQ(w.gpu_types, (std::vector<std::string>{"P100", "T4"}));
  EXPECT_EQ(w.specs[1].each.gpu_milli, 460);
  EXPECT_EQ(w.specs[1].each.gpu_types, 3U);
  EXPECT_EQ(w.truths[1].end, TraceEnd::kFailed);
  EXPECT_EQ(w.specs[2].each.gpus, 0);
  EXPECT_EQ(w.truths[2].run_time, Duration::seconds(2));
  EXPECT_EQ(report.oddities,
            (std::vector<std::string>{"1 pods were never scheduled; they run from creation to "
                                      "deletion"}));
}

TEST(Openb, ListsWithoutTimesArriveInTheirOrder) {
  const Workload w = parse("name,cpu_milli,memory_mib,num_gpu,gpu_milli\na,1,1,1,500\nb,1,1,0,0\n",
                           Format::kOpenb);
  EXPECT_EQ(w.specs[1].submit, Instant::seconds(1));
  EXPECT_EQ(w.truths[1].run_time, kOpenbStay);
}

TEST(Openb, MalformedPods) {
  const auto error = [](const std::string& rows) {
    return parse_error(kPods + rows, Format::kOpenb, {});
  };
  EXPECT_EQ(error("p,x,1,0,0,,LS,Running,0,1,0\n").substr(0, 63),
            "test:2:3: expected a whole number from 0 to 1000000000 for cpu_");
  EXPECT_NE(error("p,1,1,17,1000,,LS,Running,0,1,0\n").find("test:2:7: expected"),
            std::string::npos);
  EXPECT_NE(error("p,1,1,1,0,,LS,Running,0,1,0\n").find("from 1 to 1000 for gpu_milli"),
            std::string::npos);
  EXPECT_NE(error("p,1,1,1,1000,,LS,Running,9,1,9\n").find("for deletion_time, found \"1\""),
            std::string::npos);
  EXPECT_NE(error("p,1,1\n").find("test:2: expected 11 fields as in the header, found 3"),
            std::string::npos);
  EXPECT_NE(error("p,1,1,0,0,,LS,Running,0,1,0\np,1,1,0,0,,LS,Running,0,1,0\n")
                .find("test:3:1: expected a name that no earlier job has"),
            std::string::npos);
  EXPECT_NE(parse_error("name,cpu\n", Format::kOpenb, {.skip_errors = true})
                .find("test:1: expected a header with the column cpu_milli"),
            std::string::npos);
}

TEST(Openb, MapsNodes) {
  ReadReport report;
  const ClusterSpec cluster = parse_openb_nodes(
      "sn,cpu_milli,memory_mib,gpu,model\nn0,64000,262144,2,P100\nn1,32000,1024,0,\n"
      "n2,96000,2048,8,G2\n",
      "test", {}, report);
  ASSERT_EQ(cluster.nodes.size(), 3U);
  EXPECT_EQ(cluster.gpu_types, (std::vector<std::string>{"P100", "G2"}));
  EXPECT_EQ(cluster.nodes[0].name, "n0");
  EXPECT_EQ(cluster.nodes[0].gpus, 2U);
  EXPECT_EQ(cluster.nodes[0].capacity.gpu_milli[1], 1000);
  EXPECT_EQ(cluster.nodes[0].capacity.gpu_milli[2], 0);
  EXPECT_EQ(cluster.nodes[0].capacity.gpu_memory_mib[1], 16 * 1024);
  EXPECT_EQ(cluster.nodes[1].gpus, 0U);
  EXPECT_EQ(cluster.nodes[2].gpu_type, 1U);
  EXPECT_EQ(cluster.nodes[2].capacity.gpu_memory_mib[0], 0) << "a hidden model";
  EXPECT_NE(error_of([&] {
              parse_openb_nodes("sn,cpu_milli,memory_mib,gpu,model\nn0,1,1,1,\n", "test", {},
                                report);
            }).find("a GPU model"),
            std::string::npos);
}

TEST(Openb, TypesAreAlignedWithTheCluster) {
  ClusterSpec cluster;
  cluster.gpu_types = {"T4", "A10"};
  Workload w =
      parse(std::string(kPods) + "p0,1,1,1,1000,P100|T4,LS,Running,0,1,0\n", Format::kOpenb);
  align_gpu_types(w, cluster);
  EXPECT_EQ(cluster.gpu_types, (std::vector<std::string>{"T4", "A10", "P100"}));
  EXPECT_EQ(w.specs[0].each.gpu_types, 0b101U);
  EXPECT_EQ(fault_of(w), "");
}

TEST(OpenbShared, ListsReadWhole) {
  const std::pair<const char*, size_t> lists[] = {{"default", 8152},     {"cpu0", 7064},
                                                  {"cpu200", 8832},      {"gpuspec33", 8152},
                                                  {"gpushare100", 8152}, {"multigpu40", 8746}};
  for (const auto& [list, pods] : lists) {
    const std::string path =
        shared_path("traces/openb/openb_pod_list_" + std::string(list) + ".csv.gz");
    REQUIRE_SHARED(path);
    ReadReport report;
    const Workload w = read_workload(path, {}, report);
    EXPECT_EQ(report.format, Format::kOpenb);
    EXPECT_EQ(w.size(), pods) << list;
    EXPECT_EQ(fault_of(w), "") << list;
  }
  const std::string path = shared_path("traces/openb/openb_node_list_all_node.csv.gz");
  ReadReport report;
  const ClusterSpec cluster = read_openb_nodes(path, {}, report);
  uint32_t gpus = 0;
  for (const auto& node : cluster.nodes) gpus += node.gpus;
  EXPECT_EQ(cluster.nodes.size(), 1523U);
  EXPECT_EQ(gpus, 6212U);
  EXPECT_EQ(cluster.gpu_types.size(), 7U);
}

TEST(Philly, MapsJobsRelativeToTheFirst) {
  ReadReport report;
  const Workload w = parse(
      "timestamp,duration,num_gpus,gpu_time,cluster\n"
      "2017-10-09 07:01:55,66.5,8,66.0,11cb48\n"
      "2017-10-09 07:00:00,5.0,1,5.0,6214e9\n\n",
      Format::kPhilly, {}, &report);
  ASSERT_EQ(w.size(), 2U);
  EXPECT_EQ(w.specs[0].name, "2");
  EXPECT_EQ(w.specs[0].submit.ns, 0);
  EXPECT_EQ(w.specs[1].submit, Instant::seconds(115));
  EXPECT_EQ(w.specs[1].tasks, 8U);
  EXPECT_EQ(w.specs[1].each, TaskDemand{.gpus = 1});
  EXPECT_EQ(w.truths[1].run_time, Duration::milliseconds(66'500));
  EXPECT_EQ(w.queues[w.specs[1].queue], "11cb48");
  EXPECT_EQ(report.unix_start, 1'507'532'400);
}

TEST(Philly, CivilTimes) {
  int64_t seconds = 0;
  EXPECT_TRUE(parse_timestamp("1970-01-01 00:00:00", seconds));
  EXPECT_EQ(seconds, 0);
  EXPECT_TRUE(parse_timestamp("2000-02-29 23:59:59", seconds));
  EXPECT_EQ(seconds, 951'868'799);
  EXPECT_TRUE(parse_timestamp("2038-01-19 03:14:08", seconds));
  EXPECT_EQ(seconds, int64_t{1} << 31);
  for (const auto* bad : {"1900-02-29 00:00:00", "2017-13-01 00:00:00", "2017-04-31 00:00:00",
                          "2017-01-01 24:00:00", "2017-01-01T00:00:00", "2017-01-01", ""}) {
    EXPECT_FALSE(parse_timestamp(bad, seconds)) << bad;
  }
  for (int64_t year = 1600, days = days_from_civil(1600, 1, 1); year < 2400; ++year) {
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    EXPECT_EQ(days_from_civil(year + 1, 1, 1), days += leap ? 366 : 365);
  }
}

TEST(Philly, MalformedRows) {
  const auto error = [](const std::string& row) {
    return parse_error("timestamp,duration,num_gpus,gpu_time,cluster\n" + row, Format::kPhilly);
  };
  EXPECT_NE(error("2017-02-30 00:00:00,1,1,1,a\n").find("test:2:1: expected a time such as"),
            std::string::npos);
  EXPECT_NE(error("2017-02-03 00:00:00,-1,1,1,a\n").find("for duration, found \"-1\""),
            std::string::npos);
  EXPECT_NE(error("2017-02-03 00:00:00,1,0,1,a\n").find("for num_gpus, found \"0\""),
            std::string::npos);
}

TEST(PhillyShared, ReadsWhole) {
  const std::string path = shared_path("traces/philly/philly.csv.gz");
  REQUIRE_SHARED(path);
  ReadReport report;
  const Workload w = read_workload(path, {}, report);
  EXPECT_EQ(w.size(), 82'247U);
  EXPECT_EQ(w.queues.size(), 16U) << "15 virtual clusters and the unknown one";
  EXPECT_EQ(fault_of(w), "");
}

TEST(Fields, ProcessorsAreRigidGangs) {
  const Workload w = parse(
      "timestamp,duration,num_gpus,gpu_time,cluster\n"
      "2017-10-09 07:01:55,66,16,66,v\n",
      Format::kPhilly);
  EXPECT_EQ(w.specs[0].min_tasks, 16U);
  EXPECT_EQ(w.specs[0].max_tasks, 16U);
  EXPECT_EQ(w.specs[0].flexibility, Flexibility::kRigid);
}

}  // namespace
}  // namespace orrery::traces
