// Gateways over real sockets: mail both ways, sessions that end and begin, other versions, rules.
#include "live/wire/gateway.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/stat.h>

#include "actors/error.hpp"
#include "tests/wire/party.hpp"
#include "tests/wire/support.hpp"

namespace orrery::live {
namespace {

const ActorId kEdge{0, 1};

Envelope ended(uint32_t place, uint32_t job) {
  return {{place, 0}, kController, TaskEnded{{job}, 1, 0, ExitCause::kDone, 0}};
}

TEST(Gateway, CarriesEveryMessageToAnAgent) {
  AnyMessage any;  // specs outlive the gateways that send them
  Party controller(server_config());
  Party agent(link_config(controller.gateway().endpoint(), "node-0"));
  ASSERT_TRUE(controller.wait_up());
  ASSERT_TRUE(agent.wait_up());
  PeerId to = controller.seen().up[0].id;
  constexpr size_t kKinds = std::variant_size_v<Message>;
  rc::check("every message arrives as it was sent", [&] {
    size_t before = agent.seen().mail.size();
    std::vector<Message> sent;
    for (size_t kind = 0; kind < kKinds; ++kind) {
      sent.push_back(any.make_at(kind));
      RC_ASSERT(controller.gateway().send(to, {kController, {1, 0}, sent.back()}) ==
                Posted::kQueued);
    }
    RC_ASSERT(agent.wait([&](const Seen& s) { return s.mail.size() == before + kKinds; }));
    Seen seen = agent.seen();
    for (size_t i = 0; i < kKinds; ++i) {
      // The copy in `seen` still points at the specs that the notebook holds.
      RC_ASSERT(sent[i].index() == seen.mail[before + i].second.message.index());
      if (!std::holds_alternative<SubmitJob>(sent[i])) {
        RC_ASSERT(equal_messages(sent[i], seen.mail[before + i].second.message));
      } else {
        RC_ASSERT(equal_specs(*std::get<SubmitJob>(sent[i]).spec, seen.submitted.back()));
      }
    }
  });
  EXPECT_EQ(agent.gateway().counters().undecodable, 0u);
}

TEST(Gateway, TellsBothSidesWhoIsThere) {
  IpcPlace place;
  Party controller(server_config(place.endpoint()));
  Party agent(link_config(place.endpoint(), "node-7"));
  ASSERT_TRUE(controller.wait_up());
  ASSERT_TRUE(agent.wait_up());
  Peer peer = controller.seen().up[0];
  EXPECT_EQ(peer.role, Role::kAgent);
  EXPECT_EQ(peer.name, "node-7");
  EXPECT_EQ(peer.place, 8u);
  EXPECT_EQ(peer.software, "1.2.3");
  EXPECT_EQ(peer.run, "test");
  EXPECT_EQ(peer.sessions, 1u);
  Peer other = agent.seen().up[0];
  EXPECT_EQ(other.role, Role::kController);
  EXPECT_EQ(other.name, "controller");
  EXPECT_EQ(other.place, 8u);
  EXPECT_EQ(other.id, agent.gateway().link(0));
  struct stat about {};
  ASSERT_EQ(::stat(place.path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U) << "without keys, the file says who may speak";
}

TEST(Gateway, APeerSpeaksOnlyForItself) {
  JobSpec spec;
  spec.name = "mine";
  Party controller(server_config());
  const std::string endpoint = controller.gateway().endpoint();
  Party agent(link_config(endpoint, "node-0"));
  Party user(link_config(endpoint, "ada", Role::kUser));
  ASSERT_TRUE(agent.wait_up());
  ASSERT_TRUE(user.wait_up());
  Gateway& a = agent.gateway();
  const std::vector<Envelope> forbidden_to_agent{
      ended(2, 0),                                 // another node's
      {{1, 0}, {2, 0}, TaskStarted{{0}, 1, 0}},    // to another node
      {{1, 0}, kController, NodeReady{{1}, 0}},    // another node is ready
      {{1, 0}, kController, NodeLost{{1}}},        // not an agent's to say
      {{1, 0}, kController, SubmitJob{&spec}},     // a person's
      {{0, 0}, kController, ended(0, 0).message},  // the controller's own name
  };
  for (const Envelope& envelope : forbidden_to_agent) a.send(a.link(0), envelope);
  a.send(a.link(0), ended(1, 77));
  Gateway& u = user.gateway();
  u.send(u.link(0), ended(1, 0));
  u.send(u.link(0), {kController, kController, CancelJob{{1}}});
  u.send(u.link(0), {kEdge, kController, CancelJob{{1}}});
  u.send(u.link(0), {kEdge, kController, SubmitJob{&spec}});
  ASSERT_TRUE(controller.wait([](const Seen& s) { return s.mail.size() == 3; }));
  ASSERT_TRUE(controller.wait_count(&GatewayCounters::forbidden, 8));
  Seen seen = controller.seen();
  for (const auto& [peer, envelope] : seen.mail) {
    if (peer.role == Role::kAgent) {
      EXPECT_EQ(std::get<TaskEnded>(envelope.message).job.index, 77u);
    } else {
      EXPECT_EQ(peer.name, "ada");
      EXPECT_EQ(envelope.from, kEdge);
    }
  }
  ASSERT_EQ(seen.submitted.size(), 1u);
  EXPECT_EQ(seen.submitted[0].name, "mine");
}

TEST(Gateway, AnAgentThatRestartsIsLostAndBack) {
  JobSpec spec;
  spec.id = {3};
  Party controller(server_config());
  const std::string endpoint = controller.gateway().endpoint();
  Envelope start{kController, {1, 0}, StartTask{&spec, 1, 0, 1, 1, 0, {}}};
  PeerId id;
  {
    Party agent(link_config(endpoint, "node-0"));
    ASSERT_TRUE(controller.wait_up());
    id = controller.seen().up[0].id;
    controller.gateway().send(id, start);
    ASSERT_TRUE(agent.wait([](const Seen& s) { return s.mail.size() == 1; }));
  }
  ASSERT_TRUE(controller.wait([](const Seen& s) { return s.lost.size() == 1; }));
  EXPECT_EQ(controller.seen().lost[0].second, "it has left");
  // Mail waits for it meanwhile; the new process has no specs, so they travel again.
  EXPECT_EQ(controller.gateway().send(id, start), Posted::kQueued);
  Party again(link_config(endpoint, "node-0"));
  ASSERT_TRUE(controller.wait_up(2));
  EXPECT_EQ(controller.seen().up[1].id, id);
  EXPECT_EQ(controller.seen().up[1].sessions, 2u);
  EXPECT_NE(controller.seen().up[1].incarnation, controller.seen().up[0].incarnation);
  ASSERT_TRUE(again.wait([](const Seen& s) { return s.mail.size() == 1; }));
  EXPECT_EQ(std::get<StartTask>(again.seen().mail[0].second.message).spec->id.index, 3u);
  EXPECT_EQ(controller.gateway().counters().reconnects, 1u);
}

TEST(Gateway, AControllerThatRestartsFindsItsAgentsAgain) {
  IpcPlace place;
  auto controller = std::make_unique<Party>(server_config(place.endpoint()));
  Party agent(link_config(place.endpoint(), "node-0"));
  ASSERT_TRUE(agent.wait_up());
  controller.reset();
  ASSERT_TRUE(agent.wait([](const Seen& s) { return s.lost.size() == 1; }));
  EXPECT_EQ(agent.seen().lost[0].second, "the controller has left");
  // What is said while nobody is there arrives afterwards.
  agent.gateway().send(agent.gateway().link(0), ended(1, 5));
  controller = std::make_unique<Party>(server_config(place.endpoint()));
  ASSERT_TRUE(agent.wait_up(2));
  ASSERT_TRUE(controller->wait([](const Seen& s) { return s.mail.size() == 1; }));
  EXPECT_EQ(agent.gateway().counters().reconnects, 1u);
}

TEST(Gateway, ASpecThatTheAgentHasForgottenIsSentAgain) {
  JobSpec spec;
  spec.id = {3};
  Party controller(server_config());
  Party agent(link_config(controller.gateway().endpoint(), "node-0"));
  ASSERT_TRUE(controller.wait_up());
  PeerId id = controller.seen().up[0].id;
  Envelope start{kController, {1, 0}, StartTask{&spec, 1, 0, 1, 1, 0, {}}};
  controller.gateway().send(id, start);
  ASSERT_TRUE(agent.wait([](const Seen& s) { return s.mail.size() == 1; }));
  agent.catalogue().forget({3});
  controller.gateway().send(id, start);
  ASSERT_TRUE(agent.wait_count(&GatewayCounters::undecodable, 1));
  // The controller repeats itself; by then it has been asked for the spec.
  ASSERT_TRUE(controller.wait_count(&GatewayCounters::frames_received, 2));
  for (int i = 0; i < 1000 && agent.seen().mail.size() < 2; ++i) {
    controller.gateway().send(id, start);
    ::usleep(2000);
  }
  EXPECT_GE(agent.seen().mail.size(), 2u);
}

TEST(Gateway, APeerMayBeRefusedByTheApplication) {
  Party controller(server_config());
  Party nobody(link_config(controller.gateway().endpoint(), "nobody"));
  ASSERT_TRUE(nobody.wait([](const Seen& s) { return !s.refused.empty(); }));
  EXPECT_EQ(nobody.seen().refused[0].first, "admission");
  EXPECT_EQ(nobody.seen().refused[0].second, "nobody may not come in");
  EXPECT_TRUE(nobody.seen().up.empty());
}

TEST(Gateway, TheSecondOfTwoAgentsOfOneNameTakesOver) {
  Party controller(server_config());
  Party first(link_config(controller.gateway().endpoint(), "node-0"));
  ASSERT_TRUE(first.wait_up());
  GatewayConfig config = link_config(controller.gateway().endpoint(), "node-0");
  Party second(config);
  ASSERT_TRUE(second.wait_up());
  ASSERT_TRUE(first.wait([](const Seen& s) { return !s.refused.empty(); }));
  EXPECT_EQ(first.seen().refused[0].first, "displaced");
}

TEST(Gateway, AUserIsForgottenWhenItLeaves) {
  Party controller(server_config());
  PeerId id;
  {
    Party user(link_config(controller.gateway().endpoint(), "ada", Role::kUser));
    ASSERT_TRUE(controller.wait_up());
    id = controller.seen().up[0].id;
  }
  ASSERT_TRUE(controller.wait([](const Seen& s) { return s.lost.size() == 1; }));
  // Its loss is told by the gateway's thread, which forgets it next.
  const Envelope mail{kController, kEdge, EndSeen{}};
  for (int i = 0; i < 1000 && controller.gateway().send(id, mail) != Posted::kNoSuchPeer; ++i) {
    ::usleep(2000);
  }
  EXPECT_EQ(controller.gateway().send(id, mail), Posted::kNoSuchPeer);
}

TEST(Gateway, WatchersHearNews) {
  GatewayConfig config = server_config();
  config.server->news = "tcp://127.0.0.1:*";
  Party controller(config);
  GatewayConfig watch = link_config(controller.gateway().endpoint(), "ada", Role::kUser);
  watch.links[0].news = controller.gateway().news_endpoint();
  watch.links[0].topics = {"job."};
  Party watcher(watch);
  ASSERT_TRUE(watcher.wait_up());
  // A subscription needs its time; a publisher can't know when it has come.
  auto has_news = [](const Seen& s) { return !s.news.empty(); };
  for (int i = 0; i < 2000 && !has_news(watcher.seen()); ++i) {
    controller.gateway().publish("node.1", "other");
    controller.gateway().publish("job.1", std::string("done\0x", 6));
    ::usleep(2000);
  }
  ASSERT_TRUE(watcher.wait(has_news));
  EXPECT_EQ(watcher.seen().news[0].topic, "job.1");
  EXPECT_EQ(watcher.seen().news[0].body, std::string("done\0x", 6));
  EXPECT_EQ(watcher.seen().news[0].sequence % 2, 0u);
}

TEST(Gateway, RefusesWhatCannotBe) {
  auto complaint = [](GatewayConfig config) -> std::string {
    try {
      Party party(std::move(config));
    } catch (const std::exception& e) {
      return e.what();
    }
    return "no complaint";
  };
  EXPECT_EQ(complaint(server_config("tcp://0.0.0.0:0")),
            "wire endpoint tcp://0.0.0.0:0: expected CURVE keys, since others can reach it, found "
            "none; make them with orrery keygen, or ask for plain where the network is trusted");
  GatewayConfig news = server_config();
  news.server->news = "tcp://*:*";
  EXPECT_NE(complaint(news).find("expected CURVE keys"), std::string::npos);
  EXPECT_NE(complaint(link_config("tcp://example.org:1", "node-0")).find("expected CURVE keys"),
            std::string::npos);
  Party taken(server_config());
  EXPECT_NE(complaint(server_config(taken.gateway().endpoint())).find("cannot listen at"),
            std::string::npos);
  EXPECT_NE(complaint(link_config("tcp://127.0.0.1:1", "../x")).find("name of a link"),
            std::string::npos);
  EXPECT_NE(complaint(link_config("nonsense", "x")).find("expected"), std::string::npos);
  GatewayConfig short_breath = server_config();
  short_breath.lost_after = short_breath.beat;
  EXPECT_NE(complaint(short_breath).find("lost_after"), std::string::npos);
}

TEST(Gateway, PlainCanBeAskedFor) {
  GatewayConfig config = server_config("tcp://0.0.0.0:*");
  config.server->plain = true;
  Party controller(config);
  EXPECT_EQ(controller.gateway().endpoint().rfind("tcp://0.0.0.0:", 0), 0u);
}

TEST(Endpoint, IsLocalOnlyWhenItSaysSo) {
  for (const char* local : {"ipc://x", "inproc://x", "tcp://127.0.0.1:1", "tcp://127.1.2.3:*",
                            "tcp://localhost:1", "tcp://[::1]:1"}) {
    EXPECT_TRUE(is_local_endpoint(local)) << local;
  }
  for (const char* other : {"tcp://*:1", "tcp://0.0.0.0:1", "tcp://10.0.0.1:1", "tcp://eth0:1",
                            "tcp://127.evil.example:1", "tcp://[::]:1", "udp://127.0.0.1:1", ""}) {
    EXPECT_FALSE(is_local_endpoint(other)) << other;
  }
}

}  // namespace
}  // namespace orrery::live
