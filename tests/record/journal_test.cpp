#include "record/journal.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "actors/error.hpp"
#include "fixture.hpp"

namespace orrery::record {
namespace {

std::shared_ptr<Workload> some_workload() {
  auto workload = std::make_shared<Workload>();
  for (int i = 0; i < 10; ++i) add_job(*workload, i, 1);
  return workload;
}

// Fills any member that a message may have.
struct Filler {
  const Workload& workload;

  template <class T>
    requires std::is_integral_v<T>
  void fill(T& value) const { value = *rc::gen::arbitrary<T>(); }
  void fill(JobId& id) const { fill(id.index); }
  void fill(NodeId& id) const { fill(id.index); }
  void fill(const JobSpec*& spec) const { spec = &workload.specs[*rc::gen::inRange(0, 10)]; }
  void fill(GpuSet& gpus) const { fill(gpus.mask), fill(gpus.milli); }
  void fill(StopMode& mode) const { mode = static_cast<StopMode>(*rc::gen::inRange(0, 6)); }
  void fill(ExitCause& cause) const { cause = static_cast<ExitCause>(*rc::gen::inRange(0, 6)); }

  template <class Variant, size_t I = 0>
  void fill_choice(size_t choice, Variant& out) const {
    if constexpr (I < std::variant_size_v<Variant>) {
      if (choice != I) return fill_choice<Variant, I + 1>(choice, out);
      auto& message = out.template emplace<I>();
      std::apply([&](auto... member) { (fill(message.*member), ...); },
                 std::decay_t<decltype(message)>::kFields);
    }
  }
  Input input() const {
    auto alternatives = [](size_t count) { return *rc::gen::inRange<size_t>(0, count); };
    switch (*rc::gen::inRange(0, 3)) {
      case 0: {
        Delivery delivery;
        fill(delivery.from.place), fill(delivery.from.serial);
        fill_choice(alternatives(std::variant_size_v<Message>), delivery.message);
        return delivery;
      }
      case 1: return Expiry{*rc::gen::arbitrary<uint8_t>()};
      default: {
        Report report;
        fill_choice(alternatives(std::variant_size_v<Report>), report);
        return report;
      }
    }
  }
};

// Inputs compare by the bytes that a journal gives them.
std::string journal_of(const TestFolder& folder, const std::vector<JournalEntry>& entries,
                       size_t flush_every, bool close = true) {
  JournalWriter writer(folder / "journal", {3, "0.1.0", "policy: fcfs\n"});
  for (size_t i = 0; i < entries.size(); ++i) {
    writer.input(entries[i].at, entries[i].actor, entries[i].input);
    if ((i + 1) % flush_every == 0) writer.flush();
  }
  if (close) writer.close(); else writer.flush();
  return read_file(folder / "journal");
}

std::vector<JournalEntry> some_entries(const Workload& workload, size_t count) {
  std::vector<JournalEntry> entries;
  for (uint32_t i = 0; i < count; ++i) {
    StartTask start;
    start.spec = &workload.specs[i % 10];
    start.tasks = i;
    start.gpus = {3, 500};
    entries.push_back({Instant::seconds(i), {i, 1}, Delivery{kController, start}});
  }
  return entries;
}

TEST(Journal, AnyInputsComeBack) {
  TestFolder folder;
  auto workload = some_workload();
  EXPECT_TRUE(rc::check([&] {
    Filler filler{*workload};
    std::vector<JournalEntry> entries(*rc::gen::inRange<size_t>(0, 30));
    for (JournalEntry& entry : entries) {
      entry = {{*rc::gen::arbitrary<int64_t>()}, {}, filler.input()};
      filler.fill(entry.actor.place), filler.fill(entry.actor.serial);
    }
    size_t flush_every = *rc::gen::inRange<size_t>(1, 40);
    std::string bytes = journal_of(folder, entries, flush_every);
    JournalReader reader(bytes, "journal", workload);
    RC_ASSERT(reader.header() == (JournalHeader{3, "0.1.0", "policy: fcfs\n"}));
    std::vector<JournalEntry> back;
    JournalEntry entry;
    while (reader.next(entry)) back.push_back(entry);
    RC_ASSERT(!reader.cut_off());
    RC_ASSERT(back.size() == entries.size());
    RC_ASSERT(journal_of(folder, back, flush_every) == bytes);
  }));
}

TEST(Journal, SpecsComeBackAsThoseOfTheWorkload) {
  TestFolder folder;
  auto workload = some_workload();
  std::string bytes = journal_of(folder, some_entries(*workload, 3), 100);
  JournalReader reader(bytes, "journal", workload);
  JournalEntry entry;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(reader.next(entry));
  const auto& start = std::get<StartTask>(std::get<Delivery>(entry.input).message);
  EXPECT_EQ(start.spec, &workload->specs[2]);
  EXPECT_EQ(start.gpus, (GpuSet{3, 500}));
  EXPECT_EQ(entry.at, Instant::seconds(2));
  // With fewer jobs than the run had, the journal does not fit.
  auto shorter = std::make_shared<Workload>();
  add_job(*shorter, 0, 1);
  JournalReader other(bytes, "journal", shorter);
  ASSERT_TRUE(other.next(entry));
  EXPECT_THROW(other.next(entry), InputError);
}

TEST(Journal, AnyFlippedByteIsDetected) {
  TestFolder folder;
  auto workload = some_workload();
  std::string bytes = journal_of(folder, some_entries(*workload, 20), 7);
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
    EXPECT_THROW(
        {
          JournalReader reader(changed, "journal", workload);
          JournalEntry entry;
          while (reader.next(entry)) {
          }
        },
        InputError)
        << "byte " << at;
  }
}

TEST(Journal, AnyTruncationReadsAsAPrefix) {
  TestFolder folder;
  auto workload = some_workload();
  std::string bytes = journal_of(folder, some_entries(*workload, 20), 7);
  size_t longest = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    JournalReader reader(bytes.substr(0, size), "journal", workload);
    JournalEntry entry;
    size_t count = 0;
    for (; reader.next(entry); ++count) EXPECT_EQ(entry.actor.place, count);
    EXPECT_TRUE(reader.cut_off()) << size << " bytes";
    EXPECT_GE(count, longest);
    longest = count;
  }
  EXPECT_EQ(longest, 20u);
}

TEST(Journal, WithoutCloseItReadsAsCutOff) {
  TestFolder folder;
  auto workload = some_workload();
  JournalReader reader(journal_of(folder, some_entries(*workload, 5), 2, false), "journal",
                       workload);
  JournalEntry entry;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(reader.next(entry));
  EXPECT_FALSE(reader.next(entry));
  EXPECT_TRUE(reader.cut_off());
}

TEST(Journal, BytesOfAnyKindAreSafe) {
  auto workload = some_workload();
  EXPECT_TRUE(rc::check([&](std::string bytes, bool with_magic) {
    if (with_magic) bytes = "ORRERYJ1" + bytes;
    try {
      JournalReader reader(bytes, "journal", workload);
      JournalEntry entry;
      while (reader.next(entry)) {
      }
    } catch (const InputError&) {
    }
  }));
}

TEST(Journal, MoreThanOneBlock) {
  TestFolder folder;
  auto workload = some_workload();
  auto entries = some_entries(*workload, 100'000);  // some 2 MB before packing
  JournalReader reader(journal_of(folder, entries, 1'000'000), "journal", workload);
  JournalEntry entry;
  size_t count = 0;
  while (reader.next(entry)) ++count;
  EXPECT_EQ(count, entries.size());
  EXPECT_FALSE(reader.cut_off());
}

}  // namespace
}  // namespace orrery::record
