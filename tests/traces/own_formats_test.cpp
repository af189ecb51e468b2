#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "shared.hpp"
#include "traces/binary.hpp"
#include "traces/kinds.hpp"
#include "traces/speed_text.hpp"
#include "traces/writer.hpp"

namespace orrery {
// In the namespace of the types, where the lookup of == finds them.
bool operator==(const SpeedModel& a, const SpeedModel& b) {
  return a.kind == b.kind && a.serial == b.serial && a.table == b.table &&
         a.by_gpu_type == b.by_gpu_type;
}
}  // namespace orrery

namespace orrery::traces {
namespace {

std::string csv_of(const Workload& w) {
  StringSink sink;
  write_csv(w, sink);
  return sink.text();
}

std::string binary_of(const Workload& w) {
  StringSink sink;
  write_binary(w, sink);
  return sink.text();
}

/// Everything about job `i`, with names in place of indices into tables.
std::string told(const Workload& w, size_t i) {
  const JobSpec& s = w.specs[i];
  const JobTruth& t = w.truths[i];
  std::string out = s.name;
  for (const int64_t n :
       {static_cast<int64_t>(s.id.index), s.submit.ns, int64_t{s.tasks}, int64_t{s.min_tasks},
        int64_t{s.max_tasks}, static_cast<int64_t>(s.flexibility), s.each.cpu_milli,
        s.each.memory_mib, int64_t{s.each.gpus}, int64_t{s.each.gpu_milli}, s.each.gpu_memory_mib,
        int64_t{s.each.gpu_types}, s.requested_time.ns, int64_t{s.priority}, s.think_time.ns,
        t.run_time.ns, static_cast<int64_t>(t.end), t.cancel_at.ns, s.deadline.ns}) {
    out += " " + std::to_string(n);
  }
  out += " " + w.users[s.user] + " " + w.groups[s.group] + " " + w.queues[s.queue];
  for (const JobId job : s.after) out += " after " + std::to_string(job.index);
  return out + " " + speed_text(w.speeds[t.speed]) + " " + kind_text(w.kinds[s.kind]);
}

void expect_same_jobs(const Workload& a, const Workload& b) {
  RC_ASSERT(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    RC_ASSERT(told(a, i) == told(b, i));
    RC_ASSERT(a.speeds[a.truths[i].speed] == b.speeds[b.truths[i].speed]);
  }
  RC_ASSERT(a.gpu_types == b.gpu_types);
  RC_ASSERT(a.kinds.size() == b.kinds.size());
  for (size_t i = 0; i < a.kinds.size(); ++i) {
    RC_ASSERT(kind_text(a.kinds[i]) == kind_text(b.kinds[i]));
  }
  RC_ASSERT(a.machine_nodes == b.machine_nodes);
  RC_ASSERT(a.machine_processors == b.machine_processors);
}

constexpr int64_t kMostNs = 4'000'000'000LL * 1'000'000'000;

/// Names with what CSV has to quote, distinct by their number.
std::string any_name(size_t number, bool job) {
  const auto letters = *rc::gen::container<std::string>(
      rc::gen::elementOf(std::string(job ? "ab,\" #'=\xc3\xa9" : "ab,\" #;'=\xc3\xa9")));
  return letters.substr(0, 200) + std::to_string(number);
}

SpeedModel any_speed() {
  SpeedModel model;
  model.kind = static_cast<SpeedModel::Kind>(*rc::gen::inRange(0, 4));
  const auto real = [] { return 1e-3 + *rc::gen::inRange(0, 1 << 30) / 7.0; };
  if (model.kind == SpeedModel::Kind::kAmdahl) model.serial = *rc::gen::inRange(0, 1001) / 1000.0;
  if (model.kind == SpeedModel::Kind::kTable) {
    uint32_t tasks = 0;
    const int points = *rc::gen::inRange(1, 5);
    for (int i = 0; i < points; ++i) {
      tasks += static_cast<uint32_t>(*rc::gen::inRange(1, 100));
      model.table.emplace_back(tasks, real());
    }
  }
  const int types = *rc::gen::inRange(0, 3);
  for (int i = 0; i < types; ++i) model.by_gpu_type.push_back(real());
  return model;
}

JobKind any_kind(size_t number, size_t kinds) {
  JobKind kind;
  kind.name = any_name(number, false);
  kind.speed = any_speed();
  kind.gpu_busy = *rc::gen::inRange(0, 1001) / 1000.0;
  const auto reals = [](size_t most) {
    std::vector<double> list;
    for (size_t left = *rc::gen::inRange<size_t>(0, most + 1); left > 0; --left) {
      list.push_back(*rc::gen::inRange(0, 1 << 30) / 7e8);
    }
    return list;
  };
  kind.stages = reals(4);
  kind.beside = reals(kinds);
  if (!kind.beside.empty()) kind.beside.front() = -1;
  return kind;
}

int64_t any_ns(int64_t least = 0) {
  return *rc::gen::oneOf(
      rc::gen::inRange<int64_t>(least, kMostNs + 1),
      rc::gen::elementOf(std::vector<int64_t>{least, 1, 1'000'000'000, 1'500'000'000, kMostNs}));
}

void add_any_job(Workload& w) {
  const size_t i = w.size();
  JobSpec spec;
  JobTruth truth;
  const auto index = [](size_t size) {
    return static_cast<uint32_t>(*rc::gen::inRange<size_t>(0, size));
  };
  spec.id.index = static_cast<uint32_t>(i);
  spec.name = any_name(i, true);
  spec.submit.ns = std::max(i > 0 ? w.specs[i - 1].submit.ns : 0, any_ns() >> index(40));
  spec.tasks = static_cast<uint32_t>(*rc::gen::inRange(1, 10'000'001));
  spec.min_tasks = spec.max_tasks = spec.tasks;
  spec.flexibility = static_cast<Flexibility>(*rc::gen::inRange(0, 4));
  if (spec.flexibility != Flexibility::kRigid) {
    spec.min_tasks = static_cast<uint32_t>(*rc::gen::inRange<int64_t>(1, spec.tasks + 1LL));
    spec.max_tasks = static_cast<uint32_t>(*rc::gen::inRange<int64_t>(spec.tasks, 10'000'001));
  }
  spec.each.cpu_milli = *rc::gen::inRange<int64_t>(0, int64_t{1} << 50);
  spec.each.memory_mib = *rc::gen::inRange<int64_t>(0, int64_t{1} << 50);
  spec.each.gpus = *rc::gen::inRange(0, 17);
  spec.each.gpu_milli = *rc::gen::inRange(1, 1001);
  spec.each.gpu_memory_mib = *rc::gen::inRange<int64_t>(0, int64_t{1} << 50);
  spec.each.gpu_types = index(size_t{1} << w.gpu_types.size());
  if (*rc::gen::arbitrary<bool>()) spec.requested_time.ns = any_ns(1);
  spec.priority = *rc::gen::arbitrary<int32_t>();
  spec.user = index(w.users.size());
  spec.group = index(w.groups.size());
  spec.queue = index(w.queues.size());
  spec.think_time.ns = any_ns();
  for (uint32_t job = 0; job < i; ++job) {
    if (*rc::gen::inRange(0, 4) == 0) spec.after.push_back({job});
  }
  truth.run_time.ns = any_ns();
  truth.end = static_cast<TraceEnd>(*rc::gen::inRange(0, 3));
  if (*rc::gen::arbitrary<bool>()) truth.cancel_at.ns = any_ns();
  truth.speed = index(w.speeds.size());
  if (*rc::gen::arbitrary<bool>()) spec.deadline.ns = any_ns();
  spec.kind = index(w.kinds.size());
  w.specs.push_back(std::move(spec));
  w.truths.push_back(truth);
}

Workload any_workload() {
  Workload w;
  for (auto* names : {&w.users, &w.groups, &w.queues}) {
    const int count = *rc::gen::inRange(0, 3);
    for (int i = 0; i < count; ++i) names->push_back(any_name(names->size(), false));
  }
  const int types = *rc::gen::inRange(0, 4);
  for (int i = 0; i < types; ++i) w.gpu_types.push_back("type," + std::to_string(i));
  const int speeds = *rc::gen::inRange(0, 3);
  for (int i = 0; i < speeds; ++i) w.speeds.push_back(any_speed());
  const size_t kinds = *rc::gen::inRange<size_t>(1, 4);
  for (size_t i = 1; i < kinds; ++i) w.kinds.push_back(any_kind(i, kinds));
  w.machine_nodes = *rc::gen::arbitrary<uint32_t>();
  w.machine_processors = *rc::gen::arbitrary<uint32_t>();
  const int jobs = *rc::gen::inRange(1, 8);
  for (int i = 0; i < jobs; ++i) add_any_job(w);
  return w;
}

RC_GTEST_PROP(OrreryCsv, RoundTripKeepsEveryJob, ()) {
  const Workload w = any_workload();
  RC_ASSERT(fault_of(w) == "");
  const std::string text = csv_of(w);
  const Workload again = parse(text, Format::kGuess);
  expect_same_jobs(w, again);
  RC_ASSERT(csv_of(again) == text);
}

RC_GTEST_PROP(OrreryBinary, RoundTripKeepsEverything, ()) {
  const Workload w = any_workload();
  const Workload again = parse(binary_of(w), Format::kGuess);
  expect_same_jobs(w, again);
  RC_ASSERT(again.users == w.users);
  RC_ASSERT(again.groups == w.groups);
  RC_ASSERT(again.queues == w.queues);
  RC_ASSERT(again.speeds == w.speeds);
}

constexpr auto kLeast = "job_id,submit_s,run_s\na,1.5,10\n";

TEST(OrreryCsv, ThreeColumnsAreEnough) {
  const Workload w = parse(kLeast, Format::kGuess);
  ASSERT_EQ(w.size(), 1U);
  EXPECT_EQ(w.specs[0].name, "a");
  EXPECT_EQ(w.specs[0].submit.ns, 1'500'000'000);
  EXPECT_EQ(w.specs[0].each, TaskDemand{});
  EXPECT_EQ(w.specs[0].requested_time, Duration::infinite());
  EXPECT_EQ(w.truths[0].run_time, Duration::seconds(10));
  EXPECT_EQ(w.truths[0].cancel_at, Instant::never());
}

TEST(OrreryCsv, AllColumns) {
  EXPECT_EQ(csv_of(parse(kLeast, Format::kGuess)),
            "job_id,submit_s,run_s,requested_s,tasks,min_tasks,max_tasks,flexibility,cpu_milli,"
            "memory_mib,gpus,gpu_milli,gpu_memory_mib,gpu_types,priority,user,group,queue,after,"
            "think_s,end,cancel_s,speed,deadline_s,kind\n"
            "a,1.5,10,,1,1,1,rigid,1000,0,0,1000,0,,0,,,,,0,completed,,fixed,,\n");
}

TEST(OrreryCsv, RefusesWhatItDoesNotKnow) {
  const auto error = [](const std::string& text) { return parse_error(text, Format::kOrreryCsv); };
  EXPECT_EQ(error("job_id,submit_s,runs\n"),
            "test:1: expected known columns only, found \"runs\" (did you mean run_s?)");
  EXPECT_NE(error("job_id,submit_s\n").find("the column run_s"), std::string::npos);
  EXPECT_NE(error("job_id,job_id\n").find("each column once"), std::string::npos);
  EXPECT_EQ(error("job_id,submit_s,run_s\na,0,0.0000000001\n"),
            "test:2:5: expected seconds, from 0 to 4000000000 with at most 9 decimals, for run_s, "
            "found \"0.0000000001\"; --on-error=skip leaves such rows out");
  EXPECT_NE(error("job_id,submit_s,run_s\na,0,1\na,0,1\n").find("test:3:1: expected an id"),
            std::string::npos);
  EXPECT_NE(error("job_id,submit_s,run_s\n\"a,0,1\n").find("test:2:1: expected a closing quote"),
            std::string::npos);
  EXPECT_NE(error("job_id,submit_s,run_s\n\"a\"b,0,1\n").find("test:2:4: expected a comma"),
            std::string::npos);
  EXPECT_NE(error("job_id,submit_s,run_s,after\na,0,1,b\n").find("test:2: expected a job of this"),
            std::string::npos);
  EXPECT_NE(error("job_id,submit_s,run_s,speed\na,0,1,amdahl:2\n").find("for speed, found"),
            std::string::npos);
  EXPECT_NE(error("job_id,submit_s,run_s,end\na,0,1,lost\n")
                .find("one of completed, failed, cancelled for end"),
            std::string::npos);
  EXPECT_NE(error("job_id,submit_s,run_s,tasks,max_tasks\na,0,1,2,4\n").find("for max_tasks"),
            std::string::npos);
}

constexpr auto kKinds =
    "# kind: \"bert, big\",table:1=1/2=1.5@1/0.5,0.75,0.1/0/0.25,-1/0.5/0.125\n"
    "# kind: vgg,fixed,1,,\n"
    "job_id,submit_s,run_s,deadline_s,kind\n"
    "a,0,1,5.5,\"bert, big\"\nb,0,1,,vgg\nc,0,1,,new\nd,0,1,,\n";

TEST(OrreryCsv, KindsStandAboveTheHeader) {
  const Workload w = parse(kKinds, Format::kGuess);
  ASSERT_EQ(w.kinds.size(), 4U);
  const JobKind& bert = w.kinds[w.specs[0].kind];
  EXPECT_EQ(bert.name, "bert, big");
  EXPECT_EQ(bert.speed.table.size(), 2U);
  EXPECT_EQ(bert.gpu_busy, 0.75);
  EXPECT_EQ(bert.stages, (std::vector<double>{0.1, 0, 0.25}));
  EXPECT_EQ(bert.beside, (std::vector<double>{-1, 0.5, 0.125})) << "unknown, itself, vgg";
  EXPECT_EQ(w.specs[0].deadline.ns, 5'500'000'000);
  EXPECT_EQ(w.specs[1].deadline, Instant::never());
  EXPECT_EQ(w.kinds[w.specs[1].kind].name, "vgg");
  EXPECT_EQ(w.kinds[w.specs[2].kind].name, "new") << "known by its name alone";
  EXPECT_EQ(w.specs[3].kind, 0U);
  expect_round_trip(w);
}

TEST(OrreryCsv, MalformedKinds) {
  const auto error = [](const std::string& record) {
    return parse_error("# kind: " + record + "\njob_id,submit_s,run_s\na,0,1\n",
                       Format::kOrreryCsv);
  };
  const std::pair<const char*, const char*> records[] = {
      {"vgg,fixed,1,", "test:1:9: expected a name, a speed model, a part of 1, and two lists"},
      {",fixed,1,,", "test:1:9: expected 1 to 255 printable bytes for the name of a kind"},
      {"vgg,quick,1,,", "test:1:13: expected fixed, linear, amdahl"},
      {"vgg,fixed,1.5,,", "test:1:19: expected a number from 0 to 1"},
      {"vgg,fixed,1,1/-2,", "test:1:21: expected seconds with '/'"},
      {"vgg,fixed,1,1/,", "test:1:21: expected seconds with '/'"},
      {"vgg,fixed,1,,inf", "test:1:22: expected numbers with '/'"},
      {"vgg,fixed,1,,1/1/1", "test:2: expected kinds that agree above the header"},
      {"vgg,fixed,1,,\n# kind: vgg,fixed,1,,", "test:2:9: expected each kind once"},
      {"\"vgg,fixed,1,,", "test:1:9: expected a closing quote"},
  };
  for (const auto& [record, text] : records) {
    EXPECT_NE(error(record).find(text), std::string::npos) << error(record);
  }
}

TEST(OrreryBinary, FilesOfTheFirstVersionAreRead) {
  // Written when there were neither kinds nor deadlines; the first byte is for the fuzzer.
  std::ifstream file(
      std::string(ORRERY_SOURCE_DIR) + "/tests/fuzz/corpus/orrery_binary_fuzz/jobs.bin",
      std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  ASSERT_GT(bytes.size(), 9U);
  ASSERT_EQ(bytes[9], 1);
  const Workload w = parse(std::string_view(bytes).substr(1), Format::kGuess);
  EXPECT_EQ(fault_of(w), "");
  EXPECT_EQ(w.kinds.size(), 1U);
  EXPECT_EQ(w.specs.front().deadline, Instant::never());
}

TEST(SpeedText, FormsAreReadAndWritten) {
  for (const auto* text : {"fixed", "linear", "amdahl:0.05", "table:1=1/2=1.8/4=3.1",
                           "linear@1/0.5", "table:8=2.25@3"}) {
    SpeedModel model;
    EXPECT_TRUE(parse_speed(text, model)) << text;
    EXPECT_EQ(speed_text(model), text);
  }
  for (const auto* text : {"", "fixed ", "amdahl", "amdahl:", "amdahl:1.1", "amdahl:nan",
                           "table:", "table:1", "table:2=1/1=2", "table:0=1", "table:1=0",
                           "table:1=inf", "linear@", "linear@0", "linear@1/"}) {
    SpeedModel model;
    EXPECT_FALSE(parse_speed(text, model)) << text;
  }
}

TEST(OrreryBinary, EveryTruncationAndEveryFlippedBitIsNoticed) {
  const std::string good = binary_of(parse(kLeast, Format::kGuess));
  for (size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_NE(parse_error(good.substr(0, cut), Format::kOrreryBinary), "no error") << cut;
  }
  for (size_t i = 0; i < good.size() * 8; ++i) {
    std::string bad = good;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ 1 << i % 8);
    ReadReport report;
    // zstd's header has a reserved bit or two that change nothing: then the content is the same.
    const std::string error = error_of([&] {
      const Workload w = parse_workload(bad, "test", {.format = Format::kOrreryBinary}, report);
      EXPECT_EQ(csv_of(w), csv_of(parse(kLeast, Format::kGuess)));
    });
    EXPECT_TRUE(error == "no error" || error.starts_with("test: expected")) << error;
  }
  EXPECT_NE(parse_error(good + "x", Format::kOrreryBinary), "no error");
}

TEST(OrreryBinary, OtherVersionsAreRefused) {
  std::string text = binary_of(parse(kLeast, Format::kGuess));
  for (const int version : {0, 3}) {
    text[8] = static_cast<char>(version);
    EXPECT_EQ(parse_error(text, Format::kGuess),
              "test: expected version 1 to 2 of Orrery's binary format, found version " +
                  std::to_string(version) + "; import the trace anew with this version");
  }
}

TEST(SwfWriter, WhatSwfCanHoldComesBack) {
  const char* log =
      "; MaxNodes: 50\n; MaxProcs: 100\n"
      "7 10 -1 60.5 16 -1 -1 16 120 -1 1 1 1 -1 1 -1 -1 -1\n"
      "9 12.25 -1 30 8 -1 -1 8 -1 -1 0 1 -1 -1 -1 -1 7 15\n";
  const Workload w = parse(log, Format::kSwf);
  StringSink sink;
  EXPECT_EQ(write_swf(w, sink),
            std::vector<std::string>{"3 names of users, groups and queues became numbers"});
  EXPECT_EQ(csv_of(parse(sink.text(), Format::kSwf)), csv_of(w));
}

TEST(SwfWriter, LossesAreTold) {
  const Workload w =
      parse("job_id,submit_s,run_s,cpu_milli,gpus,priority,memory_mib\na,1,2,1500,1,3,9\n",
            Format::kGuess);
  StringSink sink;
  EXPECT_EQ(write_swf(w, sink).size(), 6U);
  EXPECT_NE(sink.text().find("\n1 1 -1 2 2 -1 -1 2 -1 -1 1 -1 -1 -1 -1 -1 -1 -1\n"),
            std::string::npos)
      << sink.text();
}

TEST(Writer, FaultyWorkloadsAndUnwritableFilesAreRefused) {
  Workload w = parse(kLeast, Format::kGuess);
  EXPECT_THROW(write_csv(w, "/no/such/folder/file.csv"), EnvironmentError);
  w.specs[0].tasks = 0;
  StringSink sink;
  EXPECT_THROW(write_csv(w, sink), InputError);
  EXPECT_THROW(write_binary(w, sink), InputError);
}

}  // namespace
}  // namespace orrery::traces
