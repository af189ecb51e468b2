// Scenario files: what is right reads as written, what is wrong is told with its place.
#include "cli/scenario.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <string>

namespace orrery::cli {
namespace {

Scenario read(const std::string& text) {
  Value root = parse_document(text, "s.yaml");
  expand_shorthands(root);
  return read_scenario(root);
}

// Every message of what is wrong with `text`, a line each.
std::string complaints(const std::string& text) {
  try {
    read(text);
  } catch (const InputErrors& e) {
    std::string all;
    for (const InputError& one : e.all()) {
      all += (all.empty() ? "" : "\n") + std::string(one.what());
    }
    return all;
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

const std::string kWorkload = "workload: {trace: log.swf}\n";

TEST(Scenario, ReadsEveryKindOfValue) {
  Scenario s = read(R"(
name: example
description: "two kinds of nodes: old and new"
seed: 7
until: 2d
cluster:
  nodes:
    - {name: old, count: 4, cores: 8, memory: 64GiB}
    - {name: new, count: 2, cores: 32.5, memory: 1.5TiB, gpus: 8, gpu_type: A100, gpu_memory: 40GiB,
       idle_watts: 120, busy_watts: 400, gpu_idle_watts: 50, gpu_busy_watts: 400, nodes_per_rack: 1}
workload: {trace: log.swf.gz, format: swf, on_error: skip, limit: 1000, time_scale: 0.5}
policy: {order: las, place: consolidate, backfill: easy, decide: each-event, preempt: suspend,
         las_thresholds: [3600, 36000], half_life: 1d, ageing_per_hour: 2.5, decide_every: 60}
world:
  start_overhead: 2s
  node_factor: 0.9
  rack_factor: 0.5
  kill_at_requested_time: false
  checkpoint: {interval: 1h30m, cost: 10s, restore: 500ms}
network:
  loss: 0.1
  resend: 5s
  partitions: [{between: controller, and: 3, from: 1h, until: 2h}]
faults:
  mtbf: 30d
  mttr: {kind: lognormal, mean: 1h, shape: 0.5}
  outages: [{node: 2, from: 10}]
  requeue: no
)");
  EXPECT_EQ(s.name, "example");
  EXPECT_EQ(s.seed, 7u);
  EXPECT_EQ(s.until, Instant::seconds(2 * 86400));
  ASSERT_EQ(s.cluster.nodes.size(), 2u);
  EXPECT_EQ(s.cluster.nodes[0].memory_mib, 65536);
  EXPECT_EQ(s.cluster.nodes[1].cores, 32.5);
  EXPECT_EQ(s.cluster.nodes[1].memory_mib, 1536 * 1024);
  EXPECT_EQ(s.cluster.nodes[1].gpu_type, "A100");
  EXPECT_EQ(s.workload.format, traces::Format::kSwf);
  EXPECT_TRUE(s.workload.skip_errors);
  EXPECT_EQ(s.workload.time_scale, 0.5);
  EXPECT_EQ(s.policy.las_thresholds, "3600,36000");
  EXPECT_EQ(s.controller.decide, DecideMode::kEachEvent);
  EXPECT_EQ(s.controller.decide_every, Duration::seconds(60));
  EXPECT_EQ(s.controller.preempt, StopMode::kSuspend);
  EXPECT_FALSE(s.controller.kill_at_requested_time);
  EXPECT_EQ(s.controller.resend, Duration::seconds(5));
  EXPECT_FALSE(s.controller.requeue);
  EXPECT_EQ(s.world.checkpoint_interval, Duration::seconds(5400));
  EXPECT_EQ(s.world.node_factor, 0.9);
  EXPECT_EQ(s.world.rack_factor, 0.5);
  EXPECT_EQ(s.world.restore_cost, Duration::milliseconds(500));
  ASSERT_EQ(s.network.partitions.size(), 1u);
  EXPECT_EQ(s.network.partitions[0].place_a, 0u);
  EXPECT_EQ(s.network.partitions[0].place_b, 4u);
  EXPECT_EQ(s.faults.mtbf.mean, Duration::seconds(30 * 86400));
  EXPECT_EQ(s.faults.mtbf.kind, "exponential");
  EXPECT_EQ(s.faults.mttr.kind, "lognormal");
  EXPECT_EQ(s.faults.outages.at(0).until, Instant::never());
}

TEST(Scenario, WritesItselfSoThatItReadsBackTheSame) {
  Scenario s = read(kWorkload + R"(
name: "a: \"quoted\" name\twith\ntricks ~"
description: "null"
cluster: 16x8:gpus=4,memory=64GiB+2
policy: srtf+easy+best-fit
faults: {mtbf: 30d, mttr: 1h, outages: [{node: 1, from: 0}, {node: 0, from: 5, until: 6.5}]}
network: {loss: 0.25, resend: 1s, partitions: [{between: 0, and: controller, until: 3}]}
)");
  std::string text = to_yaml(s);
  EXPECT_EQ(to_yaml(read(text)), text);
  EXPECT_EQ(read(text).name, s.name);
  EXPECT_EQ(read(text).faults.outages.at(1).until.ns, 6'500'000'000);
}

TEST(Scenario, PolicyMayBeWrittenShort) {
  Scenario s = read(kWorkload + "policy: sjf+conservative");
  EXPECT_EQ(s.policy.order, "sjf");
  EXPECT_EQ(s.policy.backfill, "conservative");
  EXPECT_EQ(s.policy.place, "first-fit");
}

TEST(Scenario, AnchorsAndAliasesAreCopies) {
  Scenario s = read(kWorkload + "faults: {mtbf: &t {kind: fixed, mean: 2h}, mttr: *t}");
  EXPECT_EQ(s.faults.mttr.kind, "fixed");
  EXPECT_EQ(s.faults.mttr.mean, Duration::seconds(7200));
}

struct Bad {
  const char* name;
  std::string text;
  std::string message;
};

class BadScenario : public testing::TestWithParam<Bad> {};

TEST_P(BadScenario, IsToldWithItsPlace) {
  EXPECT_EQ(complaints(GetParam().text), GetParam().message);
}

std::string alias_bomb() {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) bomb += (k > 0 ? ", " : "") + before;
    bomb += "]\n";
  }
  return bomb;
}

std::vector<Bad> wrong_values() {
  return {
      {"UnknownSection", kWorkload + "polices: {order: sjf}",
       "s.yaml:2:1: expected a key of a scenario, found \"polices\"; did you mean \"policy\"?"},
      {"UnknownKey", kWorkload + "policy:\n  ordr: sjf",
       "s.yaml:3:3: expected a key of policy, found \"ordr\"; did you mean \"order\"?"},
      {"UnknownKeyOfAnItem", kWorkload + "cluster:\n  nodes:\n    - count: 2\n      gpu: 4",
       "s.yaml:5:7: expected a key of cluster.nodes[0], found \"gpu\"; did you mean \"gpus\"?"},
      {"UnknownKeyLikeNoOther", kWorkload + "faults: {mtbf: {zzzzzz: 1}}",
       "s.yaml:2:17: expected a key of faults.mtbf, found \"zzzzzz\"; known: kind, mean, shape"},
      {"WrongName", kWorkload + "policy: {order: sfj}",
       "s.yaml:2:17: expected fcfs, sjf, srtf, priority, fair-share, las, srsf, gittins, qssf, "
       "drf, edf, max-min, gandiva-fair, themis, muri-s, muri-l, lucid, antman, elastic-flow, "
       "allox or max-min-het, found \"sfj\"; did you mean \"sjf\"?"},
      {"SharesForNothing", "workload: {generate: {model: dl}, gpu_share: 500}",
       "s.yaml:1:11: expected world.interference: measured or guarded beside gpu_share, found "
       "none; else jobs would share GPUs for nothing"},
      {"WrongPolicy", kWorkload + "policy: eazy",
       "s.yaml:2:9: expected a policy such as easy, sjf or las+consolidate, found \"eazy\"; did "
       "you mean \"easy\"?"},
      {"TwoOrders", kWorkload + "policy: sjf+las",
       "s.yaml:2:9: expected one order in a policy, found \"sjf+las\""},
      {"NotANumber", kWorkload + "seed: seven",
       "s.yaml:2:7: expected a whole number, 0 or more, found \"seven\""},
      {"NumberTooLarge", kWorkload + "seed: 99999999999999999999",
       "s.yaml:2:7: expected a whole number, 0 or more, found \"99999999999999999999\""},
      {"NegativeCount", kWorkload + "cluster: {nodes: [{count: -1}]}",
       "s.yaml:2:27: expected a whole number of nodes from 1 to 1000000, found \"-1\""},
      {"NotAProbability", kWorkload + "network: {duplication: nan}",
       "s.yaml:2:24: expected a probability from 0 to 0.999, found \"nan\""},
      {"BadDuration", kWorkload + "until: 3 weeks",
       "s.yaml:2:8: expected a duration such as 12h from the start, or never, found \"3 weeks\""},
      {"BadSize", kWorkload + "cluster: {nodes: [{memory: 64Gb}]}",
       "s.yaml:2:28: expected a size such as 64GiB, or unlimited, found \"64Gb\""},
      {"BadFlag", kWorkload + "world: {kill_at_requested_time: maybe}",
       "s.yaml:2:33: expected true or false, found \"maybe\""},
      {"ListForText", kWorkload + "name: [[a]]", "s.yaml:2:7: expected text, found a list"},
      {"TextForSection", kWorkload + "world: fast",
       "s.yaml:2:8: expected a section with keys, found \"fast\""},
      {"TextForList", kWorkload + "cluster: {nodes: 5}",
       "s.yaml:2:18: expected a list, found \"5\"; write each item on a line that begins with "
       "\"- \""},
      {"NothingForANumber",
       kWorkload + "seed:", "s.yaml:2:1: expected a whole number, 0 or more, found nothing"},
  };
}

std::vector<Bad> wrong_wholes() {
  return {
      {"DuplicateKey", kWorkload + "seed: 1\nseed: 2",
       "s.yaml:3:1: expected each key once, found a second \"seed\"; the first stands in line 2"},
      {"NoWorkload", "seed: 1",
       "s.yaml:1:1: expected a workload, found none; give the scenario a section `workload`, or "
       "--trace FILE"},
      {"LossWithoutResend", kWorkload + "network:\n  loss: 0.1",
       "s.yaml:3:3: expected a duration above 0 where mail can be lost, found 0s; without it a "
       "lost command blocks its job for good"},
      {"FailuresWithoutRepair", kWorkload + "faults: {mtbf: 1d}",
       "s.yaml:2:16: expected a mean time to repair (mttr) beside it, found none; for example "
       "mttr: 1h"},
      {"OutageEndsBeforeItBegins", kWorkload + "faults: {outages: [{node: 1, from: 5, until: 4}]}",
       "s.yaml:2:46: expected an instant after `from`, found one that is not"},
      {"GroupsWithoutNames", kWorkload + "cluster: {nodes: [{count: 1}, {count: 2}]}",
       "s.yaml:2:18: expected a name for each of several groups, found a group without one"},
      {"TooManyNodes",
       kWorkload + "cluster: {nodes: [{name: a, count: 600000}, {name: b, count: "
                   "600000}]}",
       "s.yaml:2:18: expected at most 1000000 nodes, found 1200000"},
      {"DescendingThresholds", kWorkload + "policy: {las_thresholds: [10, 5]}",
       "s.yaml:2:26: expected ascending numbers of seconds, such as 3600,36000, found a list"},
      {"BadNodes", kWorkload + "cluster: 4by8",
       "s.yaml:2:10: expected nodes such as 100, 1x1024 or 16x8:gpus=4,gpu_type=A100, found "
       "\"4by8\"; that is COUNT[xCORES][:KEY=VALUE,...]"},
      {"TwoFaults", kWorkload + "seed: x\nuntil: y",
       "s.yaml:2:7: expected a whole number, 0 or more, found \"x\"\n"
       "s.yaml:3:8: expected a duration such as 12h from the start, or never, found \"y\""},
      {"NotYaml", "a: [1, 2",
       "s.yaml:1:1: expected YAML, found something else (end of sequence flow not found)"},
      {"Tab", "a:\n\tb: 1",
       "s.yaml:2:3: expected YAML, found something else (illegal map value); YAML indents with "
       "spaces, not with tabs"},
      {"Tag", "a: !!python/object 1",
       "s.yaml:1:4: expected a plain value, found the tag "
       "\"tag:yaml.org,2002:python/object\"; leave the tag out"},
      {"NotUtf8", "name: caf\xe9\n", "s.yaml:1:10: expected text in UTF-8, found the byte 233"},
      {"NulByte", std::string("a: b\n\0", 6),
       "s.yaml:2:1: expected text in UTF-8, found the byte 0"},
      {"TwoDocuments", kWorkload + "---\nseed: 1",
       "s.yaml: expected one document, found a second one; leave out the line \"---\""},
      {"AliasBomb", alias_bomb(),
       "s.yaml:6:10: expected at most 200000 values, found more of them"},
      {"Deep", std::string(100, '['),
       "s.yaml:1:17: expected at most 32 levels, found a deeper one"},
      {"KeyIsAList", "[a]: 1", "s.yaml:1:1: expected a key, found a list"},
  };
}

std::string name_of_bad(const testing::TestParamInfo<Bad>& bad) { return bad.param.name; }

INSTANTIATE_TEST_SUITE_P(Values, BadScenario, testing::ValuesIn(wrong_values()), name_of_bad);
INSTANTIATE_TEST_SUITE_P(Wholes, BadScenario, testing::ValuesIn(wrong_wholes()), name_of_bad);

std::string after_set(const std::string& text, const std::string& assignment) {
  try {
    Value root = parse_document(text, "s.yaml");
    expand_shorthands(root);
    apply_set(root, assignment);
    expand_shorthands(root);
    return to_yaml(read_scenario(root));
  } catch (const InputError& e) {
    return e.what();
  }
}

TEST(Set, ReplacesAValue) {
  EXPECT_EQ(after_set(kWorkload + "policy: easy", "policy.order=sjf"),
            to_yaml(read(kWorkload + "policy: {order: sjf, backfill: easy}")));
}

TEST(Set, MakesSectionsThatAreMissing) {
  EXPECT_EQ(after_set(kWorkload, "world.checkpoint.cost=3s"),
            to_yaml(read(kWorkload + "world: {checkpoint: {cost: 3s}}")));
}

TEST(Set, ReachesIntoLists) {
  EXPECT_EQ(after_set(kWorkload + "cluster: 16x8", "cluster.nodes[0].count=3"),
            to_yaml(read(kWorkload + "cluster: 3x8")));
}

TEST(Set, TakesLists) {
  EXPECT_EQ(after_set(kWorkload, "policy.las_thresholds=[1, 2]"),
            to_yaml(read(kWorkload + "policy: {las_thresholds: [1, 2]}")));
}

TEST(Set, NamesItselfInErrors) {
  EXPECT_EQ(after_set(kWorkload, "policy.order=sfj"),
            "--set policy.order=sfj: expected fcfs, sjf, srtf, priority, fair-share, las, srsf, "
            "gittins, qssf, drf, edf, max-min, gandiva-fair, themis, muri-s, muri-l, lucid, "
            "antman, elastic-flow, allox or max-min-het, found \"sfj\"; did you mean \"sjf\"?");
  EXPECT_EQ(after_set(kWorkload, "policy.odrer=sjf"),
            "--set policy.odrer=sjf: expected a key of policy, found \"odrer\"; did you mean "
            "\"order\"?");
  EXPECT_EQ(after_set(kWorkload, "seed"),
            "--set seed: expected KEY=VALUE, found \"seed\"; for example policy.order=sjf");
  EXPECT_EQ(after_set(kWorkload + "cluster: 5", "cluster.nodes[1].count=2"),
            "--set cluster.nodes[1].count=2: expected a list with an item 1, found one of 1 items; "
            "items count from 0");
  EXPECT_EQ(after_set(kWorkload + "seed: 1", "seed.x=2"),
            "--set seed.x=2: expected a section to hold \"x\", found \"1\"");
  EXPECT_EQ(after_set(kWorkload, "a..b=1"),
            "--set a..b=1: expected a path such as policy.order or cluster.nodes[0].count, found "
            "\"a..b\"");
}

TEST(ChoosePolicy, KeepsThePlacementAndTheKnobs) {
  Value root = parse_document(
      kWorkload + "policy: {order: las, place: best-fit, backfill: easy, half_life: 3h}", "s.yaml");
  choose_policy(root, "sjf", {});
  Scenario s = read_scenario(root);
  EXPECT_EQ(s.policy.order, "sjf");
  EXPECT_EQ(s.policy.backfill, "none");
  EXPECT_EQ(s.policy.place, "best-fit");
  EXPECT_EQ(s.policy.half_life, Duration::seconds(3 * 3600));
}

TEST(Units, SizesReadAndPrint) {
  int64_t mib = 0;
  EXPECT_TRUE(parse_size_mib("100GB", mib));
  EXPECT_EQ(mib, 95368);  // 100e9 / 2^20 = 95367.4..., rounded up
  EXPECT_TRUE(parse_size_mib("512", mib));
  EXPECT_EQ(size_text(mib), "512MiB");
  EXPECT_TRUE(parse_size_mib("2 TiB", mib));
  EXPECT_EQ(size_text(mib), "2TiB");
  EXPECT_FALSE(parse_size_mib("", mib));
  EXPECT_FALSE(parse_size_mib("-1GiB", mib));
  EXPECT_FALSE(parse_size_mib("1e400", mib));
}

TEST(Units, DurationsReadBack) {
  for (int64_t ns :
       {0LL, 1LL, 1'000LL, 1'500'000'000LL, 5'400'000'000'000LL, 86'400'000'000'000LL}) {
    Duration back;
    ASSERT_TRUE(parse_duration(duration_text({ns}), back));
    EXPECT_EQ(back.ns, ns);
  }
  EXPECT_EQ(duration_text(Duration::seconds(5400)), "90m");
}

TEST(Scenario, OfAControllerNeedsNoWorkloadButIsNotToHaveAWrongOne) {
  const auto read = [](const std::string& text) {
    Value root = parse_document(text, "s.yaml");
    expand_shorthands(root);
    return read_scenario(root, JobsFrom::kPeople);
  };
  const std::string effective = to_yaml(read("cluster: 2x4\npolicy: sjf\n"));
  EXPECT_EQ(effective.find("workload"), std::string::npos);
  EXPECT_EQ(to_yaml(read(effective)), effective);
  EXPECT_THROW(read("cluster: 2x4\nworkload: {limit: 3}\n"), InputError);
}

}  // namespace
}  // namespace orrery::cli
