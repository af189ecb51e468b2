#include "record/snapshot.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "actors/error.hpp"
#include "actors/state.hpp"
#include "fixture.hpp"
#include "record/journal_folder.hpp"

namespace orrery::record {
namespace {

Snapshot some_snapshot() {
  Snapshot snapshot;
  snapshot.version = "0.1.0";
  snapshot.at.bytes = 1234;
  snapshot.at.previous.fill(7);
  snapshot.inputs = 99;
  snapshot.last = Instant::seconds(5);
  snapshot.actors = {{kController, std::string(300, 'c')}, {{1, 0}, "agent"}};
  snapshot.jobs = "jobs";
  return snapshot;
}

TEST(Snapshot, ComesBack) {
  const Snapshot back = unpack_snapshot(pack(some_snapshot()), "snapshot-1");
  EXPECT_EQ(back.version, "0.1.0");
  EXPECT_EQ(back.at.bytes, 1234u);
  EXPECT_EQ(back.at.previous, some_snapshot().at.previous);
  EXPECT_EQ(back.inputs, 99u);
  EXPECT_EQ(back.last, Instant::seconds(5));
  EXPECT_EQ(back.actors, some_snapshot().actors);
  EXPECT_EQ(back.jobs, "jobs");
}

TEST(Snapshot, AnyFlippedByteAndAnyCutAreDetected) {
  const std::string whole = pack(some_snapshot());
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
    EXPECT_THROW(unpack_snapshot(flipped, "snapshot-1"), InputError) << at;
    EXPECT_THROW(unpack_snapshot(whole.substr(0, at), "snapshot-1"), InputError) << at;
  }
  EXPECT_THROW(unpack_snapshot(whole + "x", "snapshot-1"), InputError);
}

TEST(Snapshot, NumbersAreFoundInTheirOrder) {
  TestFolder folder;
  for (const char* name :
       {"snapshot-10", "snapshot-9", "snapshot-x", "snapshot-3.part", "journal"}) {
    OutputFile(folder / name).commit();
  }
  EXPECT_EQ(snapshots_in(folder.path()), (std::vector<uint32_t>{9, 10}));
  EXPECT_EQ(snapshot_name(9), "snapshot-9");
}

TEST(Snapshot, IsGoneOnFromAtItsPlaceInTheJournal) {
  TestFolder folder;
  auto workload = std::make_shared<Workload>();
  JournalWriter writer(folder / "journal", {3, "0.1.0", "policy: fcfs\n"});
  JournalTail place;
  for (uint32_t i = 0; i < 10; ++i) {
    writer.input(Instant::seconds(i), kController, Expiry{static_cast<uint8_t>(i)});
    if (i % 3 == 0) writer.flush();
    if (i == 6) place = writer.tail();
  }
  writer.close();
  const std::string bytes = read_file(folder / "journal");
  JournalReader whole(bytes, "journal", workload);
  JournalEntry entry;
  size_t before = 0;
  while (!(whole.at_block_end() && whole.tail().bytes == place.bytes) && whole.next(entry))
    ++before;
  EXPECT_EQ(before, 7u);
  EXPECT_EQ(whole.tail().previous, place.previous);
  JournalReader rest(bytes, "journal", workload);
  rest.skip_to(place);
  ASSERT_TRUE(rest.next(entry));
  EXPECT_EQ(entry.at, Instant::seconds(7));
  while (rest.next(entry)) {
  }
  EXPECT_FALSE(rest.cut_off());
  JournalTail wrong = place;
  ++wrong.bytes;
  EXPECT_THROW(JournalReader(bytes, "journal", workload).skip_to(wrong), InputError);
  wrong = place;
  wrong.previous.fill(0);
  EXPECT_THROW(JournalReader(bytes, "journal", workload).skip_to(wrong), InputError);
  JournalReader cut(bytes.substr(0, place.bytes - 1), "journal", workload);
  EXPECT_THROW(cut.skip_to(place), InputError);
}

TEST(JournalFolder, ReadsOnFromFileToFile) {
  TestFolder folder;
  const JournalHeader header{3, "0.1.0", "policy: fcfs\n"};
  JournalTail second;
  {
    JournalWriter writer(folder / journal_name(0), header);
    for (uint32_t i = 0; i < 9; ++i) {
      if (i > 0 && i % 3 == 0) writer.begin_segment(folder / journal_name(i / 3), header);
      if (i == 3) second = writer.tail();
      writer.input(Instant::seconds(i), kController, Expiry{});
    }
    writer.close();
  }
  EXPECT_EQ(segments_in(folder.path()), (std::vector<uint32_t>{0, 1, 2}));
  std::vector<JournalTail> places;
  JournalFolder whole(folder.path(), {});
  whole.tell_places([&](const JournalTail& at) { places.push_back(at); });
  JournalEntry entry;
  for (uint32_t i = 0; i < 9; ++i) {
    ASSERT_TRUE(whole.next(entry));
    EXPECT_EQ(entry.at, Instant::seconds(i));
  }
  EXPECT_FALSE(whole.next(entry));
  EXPECT_FALSE(whole.cut_off());
  EXPECT_NE(std::find(places.begin(), places.end(), second), places.end());
  JournalFolder rest(folder.path(), {}, second);
  ASSERT_TRUE(rest.next(entry));
  EXPECT_EQ(entry.at, Instant::seconds(3));
  std::filesystem::remove(folder / journal_name(0));
  EXPECT_THROW(JournalFolder(folder.path(), {}), InputError);
  JournalFolder later(folder.path(), {}, second);
  std::filesystem::copy_file(folder / journal_name(1), folder / journal_name(2),
                             std::filesystem::copy_options::overwrite_existing);
  while (later.next(entry) && entry.at < Instant::seconds(5)) {
  }
  EXPECT_THROW(later.next(entry), InputError);
}

}  // namespace
}  // namespace orrery::record
