// What a controller asks its agents outside the actors: each question has one end, whatever happens
// to the one who was asked.
#include "live/wire/questions.hpp"

#include <condition_variable>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "live/wire/core.hpp"
#include "live/wire/gateway.hpp"
#include "tests/wire/party.hpp"
#include "tests/wire/raw.hpp"

namespace orrery::live {
namespace {

/// Answers with what was asked.
void echo(Gateway& gateway, const Peer& peer, uint64_t id, std::string_view what,
          std::string_view body) {
  gateway.answer(peer.id, id, true, std::string(what) + ":" + std::string(body));
}

/// Questions that wait for an answer. To be made before the party that writes them down.
class Notebook {
 public:
  struct Entry {
    PeerId asker;
    uint64_t id = 0;
  };
  Party::OnAsk writer() {
    return [this](Gateway&, const Peer& peer, uint64_t id, std::string_view, std::string_view) {
      std::lock_guard lock(mutex_);
      entries_.push_back({peer.id, id});
      changed_.notify_all();
    };
  }
  /// The first `count`; fewer when they do not come in time.
  std::vector<Entry> wait(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return entries_.size() >= count; });
    return entries_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Entry> entries_;
};

PeerId only_peer(Party& controller) { return controller.seen().up.at(0).id; }

bool wait_answers(Party& controller, size_t count) {
  return controller.wait([&](const Seen& s) { return s.answers.size() >= count; });
}

std::string question(uint64_t id, const std::string& body, FrameKind kind = FrameKind::kAsk) {
  Frame frame;
  frame.kind = kind;
  frame.id = id;
  frame.what = kind == FrameKind::kAsk ? "log" : "";
  frame.body = body;
  return encode_frame(frame);
}

TEST(Questions, AreAnsweredWithAnyBytes) {
  Party controller(server_config());
  Party agent(link_config(controller.gateway().endpoint(), "node-0"), echo);
  ASSERT_TRUE(controller.wait_up());
  const std::string bytes("\0\xff\n", 3);
  const uint64_t id = controller.gateway().ask(only_peer(controller), "log", bytes);
  ASSERT_NE(id, 0u);
  ASSERT_TRUE(wait_answers(controller, 1));
  const Seen::Answer answer = controller.seen().answers[0];
  EXPECT_EQ(answer.peer, "node-0");
  EXPECT_EQ(answer.id, id);
  EXPECT_TRUE(answer.ok);
  EXPECT_EQ(answer.body, "log:" + bytes);
  EXPECT_EQ(controller.gateway().counters().answered, 1u);
  EXPECT_EQ(agent.gateway().counters().asked, 1u);
}

TEST(Questions, AreAnsweredUnderCurve) {
  const KeyPair mine = generate_keys();
  const KeyPair theirs = generate_keys();
  GatewayConfig config = server_config();
  config.server->keys = mine;
  config.server->authorised = {{Role::kAgent, "node-0", theirs.public_key}};
  config.lost_after = config.answer_within = Duration::seconds(20);  // half a MiB, sealed twice
  Party controller(config);
  GatewayConfig link = link_config(controller.gateway().endpoint(), "node-0");
  link.links[0].keys = theirs;
  link.links[0].server_key = mine.public_key;
  link.lost_after = config.lost_after;
  Party agent(link, echo);
  ASSERT_TRUE(controller.wait_up());
  const std::string large(kMostAnswerBytes - 4, 'x');
  controller.gateway().ask(only_peer(controller), "log", large);
  ASSERT_TRUE(wait_answers(controller, 1));
  EXPECT_TRUE(controller.seen().answers[0].body == "log:" + large);
}

TEST(Questions, MayBeAnsweredLaterAndWithNo) {
  Notebook notebook;
  Party controller(server_config());
  Party agent(link_config(controller.gateway().endpoint(), "node-0"), notebook.writer());
  ASSERT_TRUE(controller.wait_up());
  const uint64_t first = controller.gateway().ask(only_peer(controller), "a", "");
  const uint64_t second = controller.gateway().ask(only_peer(controller), "b", "");
  const auto asked = notebook.wait(2);
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_TRUE(agent.gateway().answer(asked[1].asker, asked[1].id, false, "not mine"));
  EXPECT_TRUE(agent.gateway().answer(asked[0].asker, asked[0].id, true, "here"));
  EXPECT_FALSE(agent.gateway().answer(asked[0].asker, asked[0].id, true, "again"));
  EXPECT_FALSE(agent.gateway().answer(asked[0].asker, 12345, true, "never asked"));
  ASSERT_TRUE(wait_answers(controller, 2));
  const auto answers = controller.seen().answers;
  EXPECT_EQ(answers[0].id, second);
  EXPECT_FALSE(answers[0].ok);
  EXPECT_EQ(answers[0].body, "not mine");
  EXPECT_EQ(answers[1].id, first);
  EXPECT_TRUE(answers[1].ok);
}

TEST(Questions, OfAPeerThatIsLostEndWithThat) {
  Party controller(server_config());
  std::optional<Party> agent;
  agent.emplace(link_config(controller.gateway().endpoint(), "node-0"));
  ASSERT_TRUE(controller.wait_up());
  const PeerId peer = only_peer(controller);
  const uint64_t id = controller.gateway().ask(peer, "log", "");
  ASSERT_TRUE(agent->wait_count(&GatewayCounters::asked, 1));
  agent.reset();
  ASSERT_TRUE(controller.wait([](const Seen& s) { return s.lost.size() == 1; }));
  const Seen seen = controller.seen();
  ASSERT_EQ(seen.answers.size(), 1u) << "before the application hears of the loss";
  EXPECT_EQ(seen.answers[0].id, id);
  EXPECT_FALSE(seen.answers[0].ok);
  EXPECT_EQ(seen.answers[0].body, "lost");
  EXPECT_EQ(controller.gateway().ask(peer, "log", ""), 0u) << "nobody is there to be asked";
  EXPECT_EQ(controller.gateway().counters().unanswered, 1u);
}

/// An older version passes over what it does not know; so does one that hangs.
TEST(Questions, EndInTimeWhenNobodyAnswers) {
  GatewayConfig config = server_config();
  config.answer_within = Duration::milliseconds(150);
  config.lost_after = Duration::seconds(60);
  Party controller(config);
  Raw peer(zmq::socket_type::dealer, controller.gateway().endpoint());
  peer.say(hello("node-0"));
  ASSERT_TRUE(controller.wait_up());
  const auto start = std::chrono::steady_clock::now();
  const uint64_t id = controller.gateway().ask(only_peer(controller), "log", "from 0");
  ASSERT_TRUE(wait_answers(controller, 1));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(150));
  const Seen::Answer answer = controller.seen().answers[0];
  EXPECT_EQ(answer.id, id);
  EXPECT_FALSE(answer.ok);
  EXPECT_EQ(answer.body, "no answer");
  // It was asked in the words of docs/wire.md, and comes too late.
  std::string bytes;
  ASSERT_TRUE(peer.hear(FrameKind::kAsk, bytes));
  Frame frame;
  parse_frame(bytes, frame);
  EXPECT_EQ(frame.id, id);
  EXPECT_EQ(frame.what, "log");
  EXPECT_EQ(frame.body, "from 0");
  peer.say(question(id, "late", FrameKind::kAnswer));
  ASSERT_TRUE(controller.wait_count(&GatewayCounters::stray_answers, 1));
  EXPECT_EQ(controller.seen().answers.size(), 1u);
}

TEST(Questions, AreRefusedFromWhoMayNotAsk) {
  Party controller(server_config(), [](Gateway&, const Peer&, uint64_t, std::string_view,
                                       std::string_view) { FAIL() << "a controller is asked"; });
  Party user(link_config(controller.gateway().endpoint(), "ada", Role::kUser));
  ASSERT_TRUE(controller.wait_up());
  ASSERT_TRUE(user.wait_up());
  EXPECT_EQ(user.gateway().ask(user.gateway().link(0), "log", ""), 0u);
  EXPECT_EQ(controller.gateway().ask(only_peer(controller), "log", ""), 0u)
      << "people don't answer";
  EXPECT_EQ(controller.gateway().ask({99}, "log", ""), 0u);
  // Peers of other makes ask all the same, and are told.
  Raw agent(zmq::socket_type::dealer, controller.gateway().endpoint());
  agent.say(hello("node-0"));
  agent.say(question(7, ""));
  std::string bytes;
  ASSERT_TRUE(agent.hear(FrameKind::kAnswer, bytes));
  Frame frame;
  parse_frame(bytes, frame);
  EXPECT_EQ(frame.id, 7u);
  EXPECT_FALSE(frame.ok);
  EXPECT_EQ(frame.body, "only the controller asks");
  EXPECT_EQ(controller.gateway().counters().forbidden, 1u);
  agent.say(question(1, "unasked", FrameKind::kAnswer));
  ASSERT_TRUE(controller.wait_count(&GatewayCounters::stray_answers, 1));
  EXPECT_TRUE(controller.seen().answers.empty());
}

TEST(Questions, AreAnsweredByTheGatewayWhereTheProgramAnswersNone) {
  Party controller(server_config());
  GatewayConfig config = link_config(controller.gateway().endpoint(), "node-0");
  Catalogue catalogue;
  config.catalogue = &catalogue;
  Gateway agent(config, {});
  agent.start();
  ASSERT_TRUE(controller.wait_up());
  controller.gateway().ask(only_peer(controller), "log", "");
  ASSERT_TRUE(wait_answers(controller, 1));
  EXPECT_FALSE(controller.seen().answers[0].ok);
  EXPECT_EQ(controller.seen().answers[0].body, "this peer answers no questions");
}

TEST(Questions, HaveBounds) {
  Notebook notebook;
  GatewayConfig config = server_config();
  config.answer_within = Duration::seconds(60);
  Party controller(config);
  Party agent(link_config(controller.gateway().endpoint(), "node-0"), notebook.writer());
  ASSERT_TRUE(controller.wait_up());
  Gateway& gateway = controller.gateway();
  const PeerId peer = only_peer(controller);
  EXPECT_EQ(gateway.ask(peer, "log", std::string(kMostAnswerBytes + 1, 'x')), 0u);
  EXPECT_EQ(gateway.ask(peer, "", ""), 0u);
  EXPECT_EQ(gateway.ask(peer, "two\nlines", ""), 0u);
  EXPECT_EQ(gateway.ask(peer, std::string(kMostControlText + 1, 'x'), ""), 0u);
  for (size_t i = 0; i < Questions::kMostOpen; ++i) ASSERT_NE(gateway.ask(peer, "log", ""), 0u);
  EXPECT_EQ(gateway.ask(peer, "log", ""), 0u) << "too many are open";
  const auto asked = notebook.wait(Questions::kMostOpen);
  ASSERT_EQ(asked.size(), Questions::kMostOpen);
  agent.gateway().answer(asked[0].asker, asked[0].id, true, std::string(kMostAnswerBytes + 1, 'x'));
  ASSERT_TRUE(wait_answers(controller, 1));
  EXPECT_FALSE(controller.seen().answers[0].ok);
  EXPECT_EQ(controller.seen().answers[0].body,
            "the answer is longer than 524288 bytes; ask for less");
  EXPECT_NE(gateway.ask(peer, "log", ""), 0u) << "there is room again";
}

TEST(Questions, OfOneSessionGetNoAnswerOfAnother) {
  Notebook notebook;
  Raw controller(zmq::socket_type::router, "tcp://127.0.0.1:*", true);
  Party agent(link_config(controller.endpoint(), "node-0"), notebook.writer());
  // Two controllers, one after the other, who both count their questions from 1.
  for (uint64_t incarnation = 1; incarnation <= 2; ++incarnation) {
    std::string routing;
    Frame heard;
    do {  // beats of the session before may come first
      routing = controller.hear();
      const std::string bytes = controller.hear();
      ASSERT_FALSE(bytes.empty());
      parse_frame(bytes, heard);
    } while (heard.kind != FrameKind::kHello);
    Frame welcome;
    welcome.kind = FrameKind::kWelcome;
    welcome.incarnation = incarnation;
    controller.say(routing, true);
    controller.say(encode_frame(welcome));
    controller.say(routing, true);
    controller.say(question(1, ""));
    ASSERT_EQ(notebook.wait(incarnation).size(), incarnation);
    if (incarnation == 2) break;
    controller.say(routing, true);
    controller.say(of_kind(FrameKind::kBye));
    ASSERT_TRUE(agent.wait([](const Seen& s) { return s.lost.size() == 1; }));
  }
  const auto asked = notebook.wait(2);
  EXPECT_FALSE(agent.gateway().answer(asked[0].asker, asked[0].id, true, "for the first"));
  EXPECT_TRUE(agent.gateway().answer(asked[1].asker, asked[1].id, true, "for the second"));
  for (;;) {
    ASSERT_FALSE(controller.hear().empty());
    const std::string bytes = controller.hear();
    Frame frame;
    ASSERT_EQ(parse_frame(bytes, frame), FrameFault::kNone);
    if (frame.kind != FrameKind::kAnswer) continue;
    EXPECT_EQ(frame.body, "for the second");
    break;
  }
}

/// Of both ends and from several threads, also while the agent goes and the controller stops.
TEST(Questions, HaveExactlyOneEndEach) {
  std::mutex mutex;
  std::map<uint64_t, int> ends;
  std::vector<uint64_t> ids;
  GatewayEvents events;
  std::vector<PeerId> up;
  events.admit = [](const Peer&) { return Admission{true, 1, ""}; };
  events.up = [&](const Peer& peer) {
    std::lock_guard lock(mutex);
    up.push_back(peer.id);
  };
  events.answered = [&](const Peer&, uint64_t id, bool, std::string_view) {
    std::lock_guard lock(mutex);
    ++ends[id];
  };
  Gateway controller(server_config(), events);
  controller.start();
  std::optional<Party> agent;
  auto ask_all = [&] {
    for (int i = 0; i < 400; ++i) {
      std::unique_lock lock(mutex);
      const PeerId peer = up.empty() ? PeerId{} : up[0];
      lock.unlock();
      const uint64_t id = controller.ask(peer, "log", "x");
      lock.lock();
      if (id != 0) ids.push_back(id);
    }
  };
  for (int session = 0; session < 3; ++session) {
    agent.emplace(link_config(controller.endpoint(), "node-0"), echo);
    ASSERT_TRUE(agent->wait_up());
    std::thread other(ask_all);
    ask_all();
    if (session < 2) agent.reset();
    other.join();
  }
  controller.stop();
  EXPECT_EQ(controller.ask(up[0], "log", ""), 0u);
  EXPECT_GE(ids.size(), 64u);
  EXPECT_EQ(ends.size(), ids.size());
  for (uint64_t id : ids) EXPECT_EQ(ends[id], 1) << id;
}

/// The answerer's side of one connection that takes a frame now and then.
class Trickle : public testing::Test {
 protected:
  Trickle() : core_(quick_config(), {}), lane_(core_.new_peer()) {
    core_.mailroom.open(lane_.peer());
    core_.questions.open(lane_.peer(), /*asks=*/false);
  }
  void post_mail(uint32_t envelopes) {
    for (uint32_t i = 0; i < envelopes; ++i) {
      core_.mailroom.post(lane_.peer(), {{1, 0}, kController, TaskStarted{{i}, 1, 0}});
    }
  }
  void post_answers(uint64_t count, size_t bytes) {
    for (uint64_t i = 1; i <= count; ++i) {
      const uint64_t id = core_.questions.came(lane_.peer(), i);
      core_.questions.answer(lane_.peer(), id, true, std::string(bytes, 'x'));
    }
  }
  /// What goes out, a letter a frame, when a turn may hand over `room` frames.
  std::string sent(int turns, int room) {
    std::string kinds;
    for (int turn = 0; turn < turns; ++turn) {
      int left = room;
      flow_ = lane_.flush(core_, [&](zmq::message_t& frame) {
        if (left-- == 0) return Lane::Taken::kNotNow;
        Frame parsed;
        EXPECT_EQ(parse_frame(view_of(frame), parsed), FrameFault::kNone);
        kinds += parsed.kind == FrameKind::kMail ? 'm' : 'a';
        return Lane::Taken::kYes;
      });
    }
    return kinds;
  }

  Core core_;
  Lane lane_;
  Lane::Flow flow_ = Lane::Flow::kIdle;
};

TEST_F(Trickle, MailAndAnswersTakeTurns) {
  post_mail(9'000);
  post_answers(60, 1000);
  const std::string kinds = sent(8, 1);
  EXPECT_EQ(kinds, "mamamama");
  EXPECT_EQ(flow_, Lane::Flow::kBlocked);
}

TEST_F(Trickle, ATurnSendsOneAnswerAndMailAsBefore) {
  post_answers(3, kMostAnswerBytes);
  post_mail(1);
  EXPECT_EQ(sent(1, 100), "ma");
  EXPECT_EQ(flow_, Lane::Flow::kMore);
  post_mail(1);
  EXPECT_EQ(sent(1, 100), "am");
  EXPECT_EQ(sent(1, 100), "a");
  EXPECT_EQ(sent(1, 100), "");
  EXPECT_EQ(flow_, Lane::Flow::kIdle);
}

TEST_F(Trickle, WhatAwaitsItsTurnIsBoundedToo) {
  post_answers(3 * Questions::kMostOpen, 1);
  const std::string kinds = sent(4 * static_cast<int>(Questions::kMostOpen), 1);
  EXPECT_EQ(kinds.size(), Questions::kMostOpen) << "the asker has given the others up";
}

TEST(QuestionFrames, AreReadAsDocumentedOrNotAtAll) {
  auto parsed = [](const std::string& bytes) {
    Frame frame;
    return parse_frame(bytes, frame) == FrameFault::kNone && frame.kind != FrameKind::kUnknown;
  };
  EXPECT_TRUE(parsed(question(1, "x")));
  EXPECT_FALSE(parsed(question(0, "x"))) << "a question without a number";
  EXPECT_FALSE(parsed(question(1, std::string(kMostAnswerBytes + 1, 'x'))));
  std::string text_for_body = question(1, "x");
  text_for_body[text_for_body.find('\xc4')] = '\xd9';
  EXPECT_FALSE(parsed(text_for_body));
  std::string answer = question(1, "x", FrameKind::kAnswer);
  EXPECT_TRUE(parsed(answer));
  answer.back() = '\x01';
  EXPECT_FALSE(parsed(answer)) << "a number is no truth value";
}

}  // namespace
}  // namespace orrery::live
