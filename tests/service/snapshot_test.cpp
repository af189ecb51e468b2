// Snapshots of a controller: gone on from, held against a replay, and done without when damaged.
#include "record/snapshot.hpp"

#include "actors/error.hpp"
#include "cli/replay.hpp"
#include "record/journal_folder.hpp"
#include "record/output_file.hpp"
#include "tests/service/cluster.hpp"

namespace orrery::cli {
namespace {

class Snapshots : public ServiceTest {
 protected:
  static constexpr const char* kOften = "live: {snapshot_inputs: 5}\n";

  fs::path state() const { return folder_ / "controller"; }
  fs::path file(uint32_t number) const { return state() / record::snapshot_name(number); }
  std::vector<uint32_t> numbers() const { return record::snapshots_in(state()); }

  /// A controller that has run `jobs` jobs to their ends and has ended itself; what it told.
  std::string run(const std::string& name, uint32_t jobs) {
    testing::internal::CaptureStdout();
    {
      auto host = agent(0);
      Working works(*host);
      auto service = controller(kOften);
      Working keeps(*service);
      std::vector<uint32_t> ids;
      for (uint32_t i = 0; i < jobs; ++i) {
        ids.push_back(service->submit(job(name + std::to_string(i), 0), ada_).id);
      }
      for (const uint32_t id : ids) EXPECT_TRUE(is(*service, id, "completed"));
    }
    return testing::internal::GetCapturedStdout();
  }

  ReplayResult replayed(const std::string& from) const {
    ReplayOptions options;
    options.from = from;
    ReplayResult result = replay(state(), options);
    EXPECT_FALSE(result.difference)
        << from << ": " << result.difference->expected << " / " << result.difference->found;
    EXPECT_FALSE(result.cut_off);
    return result;
  }

  void flip_a_byte(uint32_t number) const {
    std::string bytes = record::read_file(file(number));
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    std::ofstream(file(number), std::ios::binary) << bytes;
  }
};

TEST_F(Snapshots, AreWrittenAndGoneOnFrom) {
  run("first", 8);
  const std::vector<uint32_t> first = numbers();
  ASSERT_EQ(first.size(), 3u) << "the newest are kept";
  EXPECT_GT(first.front(), 1u);
  const std::string told = run("second", 4);
  EXPECT_NE(told.find("(0 of them replayed), 8 jobs\n"), std::string::npos) << told;
  EXPECT_GT(numbers().back(), first.back());
  for (const char* name : {"first", "second"}) {
    EXPECT_EQ(lines("start " + std::string(name) + "0 1"), 1);
  }
  // From the first input, what is remembered at each of them is what they have, byte for byte; and
  // from each of them the same decisions follow.
  const ReplayResult whole = replayed("start");
  EXPECT_EQ(whole.snapshots, 3u);
  EXPECT_GE(whole.decisions, 12u);
  const ReplayResult newest = replayed("snapshot");
  EXPECT_EQ(newest.inputs, 0u) << "the last was written at the end";
  uint64_t before = whole.inputs;
  for (const uint32_t number : numbers()) {
    const ReplayResult part = replayed("snapshot:" + std::to_string(number));
    EXPECT_LT(part.inputs, before);
    before = part.inputs;
  }
}

TEST_F(Snapshots, ThatAreDamagedAreDoneWithout) {
  run("job", 8);
  const std::vector<uint32_t> all = numbers();
  ASSERT_EQ(all.size(), 3u);
  flip_a_byte(all[2]);
  EXPECT_THROW(replay(state(), {}), InputError) << "verified is what is whole";
  std::string told = run("more", 1);
  EXPECT_NE(told.find("cannot go on from " + record::snapshot_name(all[2])), std::string::npos);
  EXPECT_NE(told.find("trying the one before"), std::string::npos) << told;
  EXPECT_EQ(told.find("(0 of them"), std::string::npos) << told;
  EXPECT_TRUE(fs::exists(state() / (record::snapshot_name(all[2]) + ".unusable")));
  replayed("start");
  for (const uint32_t number : numbers()) flip_a_byte(number);
  told = run("again", 1);
  EXPECT_NE(told.find("replaying the journal from its start"), std::string::npos) << told;
  for (const std::string name : {"job0", "more0", "again0"}) {
    EXPECT_EQ(lines("start " + name + " 1"), 1) << name;
  }
}

TEST_F(Snapshots, AheadOfACutJournalAreNotUsed) {
  run("job", 8);
  const std::vector<uint32_t> all = numbers();
  const record::Snapshot older =
      record::unpack_snapshot(record::read_file(file(all[0])), file(all[0]).string());
  fs::resize_file(state() / "journal", older.at.bytes);
  const std::string told = run("more", 0);
  EXPECT_NE(told.find("a shorter journal"), std::string::npos) << told;
  EXPECT_NE(told.find("went on"), std::string::npos) << told;
  EXPECT_NE(told.find("(0 of them replayed)"), std::string::npos) << told;
}

TEST_F(Snapshots, AreGoneOnFromInALaterFileOfTheJournal) {
  segment_bytes_ = 1;  // each snapshot begins one
  run("job", 8);
  const std::vector<uint32_t> files = record::segments_in(state());
  EXPECT_EQ(files.size(), numbers().back() + 1u) << "none was removed";
  const std::string told = run("more", 2);
  EXPECT_NE(told.find("(0 of them replayed), 8 jobs"), std::string::npos) << told;
  EXPECT_EQ(replayed("start").snapshots, 3u);
  replayed("snapshot");
  // A file that a crash left without its header was never written to.
  fs::resize_file(state() / record::journal_name(record::segments_in(state()).back()), 20);
  ReplayResult cut = replay(state(), {});
  EXPECT_TRUE(cut.cut_off);
  EXPECT_FALSE(cut.difference);
  EXPECT_NE(run("again", 1).find("trying the one before"), std::string::npos);
  replayed("start");
  // Without one in the middle the chain is broken.
  fs::copy_file(state() / "journal-1", state() / "journal-2", fs::copy_options::overwrite_existing);
  EXPECT_THROW(replay(state(), {}), InputError);
}

TEST_F(Snapshots, StandForWhatWasRemoved) {
  segment_bytes_ = 1;
  prune_ = true;
  run("job", 10);
  EXPECT_EQ(record::segments_in(state()).size(), 3u);
  EXPECT_FALSE(fs::exists(state() / "journal"));
  try {
    replay(state(), {});
    ADD_FAILURE() << "the first input is there no more";
  } catch (const InputError& error) {
    EXPECT_NE(error.details().hint.find("--from snapshot"), std::string::npos);
  }
  for (const uint32_t number : numbers()) replayed("snapshot:" + std::to_string(number));
  EXPECT_NE(run("more", 2).find("(0 of them replayed), 10 jobs"), std::string::npos);
  for (const uint32_t number : numbers()) flip_a_byte(number);
  EXPECT_THROW(controller(kOften), InputError) << "nothing is left to go on from";
}

TEST_F(Snapshots, ThatSayOtherwiseAreFound) {
  run("job", 6);
  const uint32_t last = numbers().back();
  record::Snapshot snapshot =
      record::unpack_snapshot(record::read_file(file(last)), file(last).string());
  snapshot.actors.at(0).second.back() ^= 1;
  std::ofstream(file(last), std::ios::binary) << record::pack(snapshot);
  const ReplayResult result = replay(state(), {});
  ASSERT_TRUE(result.difference);
  EXPECT_NE(result.difference->expected.find(record::snapshot_name(last)), std::string::npos);
  ReplayOptions other;
  other.from = "snapshot:99";
  EXPECT_THROW(replay(state(), other), InputError);
  other.from = "snapshot";
  other.policy = "sjf";
  EXPECT_THROW(replay(state(), other), InputError);
}

}  // namespace
}  // namespace orrery::cli
