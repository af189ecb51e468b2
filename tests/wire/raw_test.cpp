// Peers that are not ours: raw sockets that speak other versions, garbage, nothing, or all at once.
#include "tests/wire/raw.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zmq.hpp>

#include "live/wire/frames.hpp"
#include "live/wire/gateway.hpp"
#include "tests/wire/party.hpp"

namespace orrery::live {
namespace {

TEST(RawPeer, OfAnotherMajorVersionIsToldWhy) {
  Party controller(server_config());
  Raw peer(zmq::socket_type::dealer, controller.gateway().endpoint());
  std::string theirs = hello("node-0");
  theirs[3] = 9;  // the value of "v"
  peer.say(theirs);
  std::string bytes;
  ASSERT_TRUE(peer.hear(FrameKind::kRefused, bytes));
  Frame frame;
  parse_frame(bytes, frame);
  EXPECT_EQ(frame.code, "version");
  EXPECT_EQ(frame.why,
            "this side speaks wire protocol 1, the other side 9; run the same major release on "
            "both");
  EXPECT_EQ(controller.gateway().counters().refused_peers, 1u);
  EXPECT_TRUE(controller.seen().up.empty());
}

TEST(RawPeer, OfALaterMinorVersionIsUnderstoodAsFarAsItGoes) {
  Party controller(server_config());
  Raw peer(zmq::socket_type::dealer, controller.gateway().endpoint());
  // A hello with a field that is not known yet: one pair more in the map of few.
  std::string later = hello("node-0");
  later[0] = static_cast<char>(later[0] + 1);
  later += std::string("\xa5later\x93\x01\x02\x03", 10);
  peer.say(later);
  std::string bytes;
  ASSERT_TRUE(peer.hear(FrameKind::kWelcome, bytes));
  std::string unknown_kind = of_kind(FrameKind::kBeat);
  unknown_kind.replace(unknown_kind.find("beat"), 4, "feat");
  peer.say(unknown_kind);
  std::string unknown_mail = mail(1, 1);
  unknown_mail.replace(unknown_mail.find("TaskStarted"), 11, "TaskWatched");
  peer.say(unknown_mail);
  peer.say(mail(1, 2));
  ASSERT_TRUE(controller.wait([](const Seen& s) { return s.mail.size() == 1; }));
  EXPECT_EQ(controller.gateway().counters().unknown, 1u);
  EXPECT_EQ(controller.gateway().counters().malformed, 0u);
}

TEST(RawController, OfAnotherMajorVersionIsNotListenedTo) {
  Raw controller(zmq::socket_type::router, "tcp://127.0.0.1:*", true);
  Party agent(link_config(controller.endpoint(), "node-0"));
  std::string routing = controller.hear();
  ASSERT_FALSE(controller.hear().empty());
  controller.say(routing, true);
  std::string theirs = of_kind(FrameKind::kWelcome);
  theirs[3] = 2;
  controller.say(theirs);
  ASSERT_TRUE(agent.wait([](const Seen& s) { return !s.refused.empty(); }));
  EXPECT_EQ(agent.seen().refused[0].first, "version");
  EXPECT_TRUE(agent.seen().up.empty());
}

TEST(RawPeer, ThatTalksGarbageDisturbsNobody) {
  Party controller(server_config());
  Party agent(link_config(controller.gateway().endpoint(), "node-1"));
  ASSERT_TRUE(agent.wait_up());
  {
    Raw peer(zmq::socket_type::dealer, controller.gateway().endpoint());
    peer.say("");
    peer.say("GET / HTTP/1.1");
    peer.say(std::string(1000, '\xff'));
    peer.say(std::string("\x81\xa1v", 3));
    peer.say("one", true);
    peer.say("two", true);
    peer.say("three");
    ASSERT_TRUE(controller.wait_count(&GatewayCounters::malformed, 5));
    // Well-formed, but from nobody: it is asked who it is.
    peer.say(mail(2, 1));
    std::string bytes;
    ASSERT_TRUE(peer.hear(FrameKind::kAgain, bytes));
    peer.say(hello("node-0"));
    ASSERT_TRUE(peer.hear(FrameKind::kWelcome, bytes));
    // The array of mail is no array; an envelope is no map.
    std::string broken = mail(1, 1);
    size_t array = broken.find('\xdd');
    peer.say(broken.substr(0, array) + '\x01');
    peer.say(broken.substr(0, array) + std::string("\x91\x01", 2));
    ASSERT_TRUE(controller.wait_count(&GatewayCounters::undecodable, 2));
    peer.say(std::string(kMostFrameBytes + 1, 'x'));  // the connection is closed
  }
  agent.gateway().send(agent.gateway().link(0), {{2, 0}, kController, TaskStarted{{4}, 1, 0}});
  ASSERT_TRUE(controller.wait([](const Seen& s) { return s.mail.size() == 1; }));
  EXPECT_EQ(controller.gateway().counters().strangers, 1u);
}

TEST(RawPeer, ThatIsSilentIsLostInTimeAndBackWhenItSpeaks) {
  GatewayConfig config = server_config();
  config.beat = Duration::milliseconds(20);
  config.lost_after = Duration::milliseconds(200);
  Party controller(config);
  Raw peer(zmq::socket_type::dealer, controller.gateway().endpoint());
  peer.say(hello("node-0"));
  ASSERT_TRUE(controller.wait_up());
  auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(controller.wait([](const Seen& s) { return s.lost.size() == 1; }));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(150));
  EXPECT_EQ(controller.seen().lost[0].second, "it was not heard for 200.0 ms");
  // It does not know: what it says is answered with the question who it is.
  peer.say(of_kind(FrameKind::kBeat));
  std::string bytes;
  ASSERT_TRUE(peer.hear(FrameKind::kBeat, bytes)) << "a controller beats, too";
  ASSERT_TRUE(peer.hear(FrameKind::kAgain, bytes));
  peer.say(hello("node-0"));
  ASSERT_TRUE(controller.wait_up(2));
  EXPECT_EQ(controller.seen().up[1].sessions, 2u);
}

TEST(RawController, ThatIsSilentIsLostAndTriedAgain) {
  Raw controller(zmq::socket_type::router, "tcp://127.0.0.1:*", true);
  GatewayConfig config = link_config(controller.endpoint(), "node-0");
  config.beat = Duration::milliseconds(20);
  config.lost_after = Duration::milliseconds(200);
  Party agent(config);
  for (size_t session = 1; session <= 2; ++session) {
    std::string routing;
    std::string bytes;
    Frame frame;
    do {  // beats of the session before may come first
      routing = controller.hear();
      bytes = controller.hear();
      ASSERT_FALSE(bytes.empty());
    } while (parse_frame(bytes, frame) != FrameFault::kNone || frame.kind != FrameKind::kHello);
    controller.say(routing, true);
    controller.say(of_kind(FrameKind::kWelcome));
    ASSERT_TRUE(agent.wait_up(session));
    ASSERT_TRUE(agent.wait([&](const Seen& s) { return s.lost.size() == session; }));
  }
  EXPECT_EQ(agent.seen().lost[0].second, "the controller was not heard for 200.0 ms");
}

/// A descriptor for each socket and two for its connection: more than the usual 1,024.
bool allow_descriptors(rlim_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= count) return true;
  limit.rlim_cur = std::min(count, limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= count;
}

TEST(RawPeer, AThousandAtOnce) {
  constexpr uint32_t kPeers = 1000;
  if (!allow_descriptors(4 * kPeers)) GTEST_SKIP() << "no 4,000 descriptors here (ulimit -Hn)";
  GatewayConfig config = server_config();
  config.lost_after = Duration::seconds(20);
  Party controller(config);
  zmq::context_t context;
  context.set(zmq::ctxopt::max_sockets, static_cast<int>(kPeers) + 10);
  std::vector<zmq::socket_t> peers;
  for (uint32_t i = 0; i < kPeers; ++i) {
    peers.emplace_back(context, zmq::socket_type::dealer);
    peers.back().set(zmq::sockopt::linger, 0);
    peers.back().set(zmq::sockopt::rcvtimeo, 20'000);
    peers.back().connect(controller.gateway().endpoint());
    peers.back().send(zmq::buffer(hello("node-" + std::to_string(i), i)));
  }
  ASSERT_TRUE(controller.wait_up(kPeers));
  for (uint32_t i = 0; i < kPeers; ++i) peers[i].send(zmq::buffer(mail(i + 1, i)));
  ASSERT_TRUE(controller.wait([](const Seen& s) { return s.mail.size() == kPeers; }));
  for (const Peer& peer : controller.seen().up) {
    controller.gateway().send(peer.id, {kController, {peer.place, 0}, Welcome{{peer.place - 1}}});
  }
  for (uint32_t i = 0; i < kPeers; ++i) {
    Frame frame;
    zmq::message_t message;
    do {
      ASSERT_TRUE(peers[i].recv(message)) << i;
      ASSERT_EQ(parse_frame(message.to_string_view(), frame), FrameFault::kNone);
    } while (frame.kind != FrameKind::kMail);
    MailDecoder decoder(nullptr);
    decoder.decode(frame.mail, [&](const Envelope& e) {
      EXPECT_EQ(std::get<Welcome>(e.message).node.index, i);
    });
  }
  EXPECT_EQ(controller.gateway().counters().losses, 0u);
}

TEST(RawPeer, ThatTakesNothingCostsMailButNobodysTime) {
  GatewayConfig config = server_config();
  config.queue = 1000;
  config.lost_after = Duration::seconds(60);
  Party controller(config);
  Raw peer(zmq::socket_type::dealer, controller.gateway().endpoint());
  peer.say(hello("node-0"));
  ASSERT_TRUE(controller.wait_up());
  PeerId id = controller.seen().up[0].id;
  // Until the buffers of both sides and of the kernel are full, which nobody reads, and the queue.
  // A person's request is not dropped for other mail, and is refused where there is no room for it.
  constexpr uint32_t kMost = 20'000'000;
  uint32_t posted = 0;
  auto longest = std::chrono::nanoseconds(0);
  Posted answer = Posted::kQueued;
  while (answer != Posted::kFull && posted < kMost) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 2000; ++i) {
      Envelope envelope{kController, {1, 0}, EndSeen{{posted++}, 1, 0}};
      ASSERT_NE(controller.gateway().send(id, envelope), Posted::kFull);
    }
    answer = controller.gateway().send(id, {kController, {1, 0}, CancelJob{{1}}});
    longest = std::max<std::chrono::nanoseconds>(longest, std::chrono::steady_clock::now() - start);
  }
  EXPECT_EQ(answer, Posted::kFull);
  EXPECT_LT(longest, std::chrono::seconds(5));
  GatewayCounters c = controller.gateway().counters();
  EXPECT_GT(c.dropped_oldest, 0u);
  EXPECT_EQ(c.refused_full, 1u);
  EXPECT_LE(c.dropped_oldest, posted);
}

}  // namespace
}  // namespace orrery::live
