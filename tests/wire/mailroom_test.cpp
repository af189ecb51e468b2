// The drop rule, by itself.
#include "live/wire/mailroom.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <rapidcheck/gtest.h>

namespace orrery::live {
namespace {

Envelope repeated(uint32_t n) { return {{n, 0}, {0, 0}, EndSeen{{n}, 0, 0}}; }
Envelope request(uint32_t n) { return {{n, 0}, {0, 0}, CancelJob{{n}}}; }

std::vector<uint32_t> content(MailQueue& queue) {
  std::vector<Envelope> out;
  queue.take(out, SIZE_MAX);
  std::vector<uint32_t> numbers;
  for (const Envelope& e : out) numbers.push_back(e.from.place);
  return numbers;
}

TEST(MailQueue, DropsTheOldestThatIsRepeatedAnyway) {
  MailQueue queue;
  EXPECT_EQ(queue.push(request(1), 3), Posted::kQueued);
  EXPECT_EQ(queue.push(repeated(2), 3), Posted::kQueued);
  EXPECT_EQ(queue.push(repeated(3), 3), Posted::kQueued);
  EXPECT_EQ(queue.push(repeated(4), 3), Posted::kOldestDropped);
  EXPECT_EQ(queue.push(request(5), 3), Posted::kFull);
  EXPECT_EQ(content(queue), (std::vector<uint32_t>{1, 3, 4}));
}

TEST(MailQueue, FullOfWishesTakesNothingMore) {
  MailQueue queue;
  for (uint32_t i = 0; i < 2; ++i) queue.push(request(i), 2);
  EXPECT_EQ(queue.push(repeated(9), 2), Posted::kFull);
  EXPECT_EQ(content(queue), (std::vector<uint32_t>{0, 1}));
}

RC_GTEST_PROP(MailQueue, IsAQueueOfBoundedLength, ()) {
  const auto bound = *rc::gen::inRange<size_t>(1, 200);
  MailQueue queue;
  std::vector<uint32_t> model;
  uint32_t next = 0;
  for (int step = 0; step < 300; ++step) {
    if (*rc::gen::inRange(0, 10) < 8) {
      Posted posted = queue.push(repeated(next), bound);
      RC_ASSERT(posted == (model.size() < bound ? Posted::kQueued : Posted::kOldestDropped));
      if (model.size() == bound) model.erase(model.begin());
      model.push_back(next++);
    } else {
      auto most = *rc::gen::inRange<size_t>(0, 60);
      std::vector<Envelope> out;
      size_t taken = queue.take(out, most);
      RC_ASSERT(taken == std::min(most, model.size()));
      for (size_t i = 0; i < taken; ++i) RC_ASSERT(out[i].from.place == model[i]);
      model.erase(model.begin(), model.begin() + static_cast<long>(taken));
    }
    RC_ASSERT(queue.size() == model.size());
  }
}

bool rings(Bell& bell) {
  pollfd poll{bell.fd(), POLLIN, 0};
  return ::poll(&poll, 1, 0) == 1;
}

TEST(Mailroom, RingsOnceAndTellsWhoHasMail) {
  Mailroom room(10);
  std::vector<PeerId> ready;
  EXPECT_EQ(room.post({1}, repeated(1)), Posted::kNoSuchPeer);
  room.open({1});
  EXPECT_FALSE(rings(room.bell()));
  room.post({1}, repeated(1));
  room.post({1}, repeated(2));
  EXPECT_TRUE(rings(room.bell()));
  room.bell().heard();
  EXPECT_FALSE(rings(room.bell()));
  room.ready(ready);
  EXPECT_EQ(ready, std::vector<PeerId>{{1}});
  // Half is taken: its taker knows of the rest and is not told again.
  std::vector<Envelope> out;
  EXPECT_EQ(room.take({1}, out, 1), 1u);
  room.post({1}, repeated(3));
  room.ready(ready);
  EXPECT_TRUE(ready.empty());
  EXPECT_EQ(room.take({1}, out, 10), 2u);
  room.post({1}, repeated(4));
  room.ready(ready);
  EXPECT_EQ(ready.size(), 1u);
  EXPECT_EQ(room.close({1}), 1u);
  EXPECT_EQ(room.post({1}, repeated(5)), Posted::kNoSuchPeer);
}

}  // namespace
}  // namespace orrery::live
