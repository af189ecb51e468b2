// Who gets in when the wire asks for keys, and as whom.
#include <gtest/gtest.h>

#include "actors/error.hpp"
#include "live/wire/gateway.hpp"
#include "tests/wire/party.hpp"

namespace orrery::live {
namespace {

struct Curve : testing::Test {
  KeyPair controller_keys = generate_keys();
  KeyPair node_keys = generate_keys();
  KeyPair user_keys = generate_keys();
  KeyPair operator_keys = generate_keys();

  GatewayConfig secured() {
    GatewayConfig config = server_config();
    config.server->keys = controller_keys;
    config.server->authorised = {{Role::kAgent, "node-0", node_keys.public_key},
                                 {Role::kUser, "ada", user_keys.public_key},
                                 {Role::kOperator, "grace", operator_keys.public_key}};
    return config;
  }
  GatewayConfig with_keys(Party& controller, const std::string& name, Role role,
                          const KeyPair& keys) {
    GatewayConfig config = link_config(controller.gateway().endpoint(), name, role);
    config.links[0].keys = keys;
    config.links[0].server_key = controller_keys.public_key;
    return config;
  }
  /// The code with which a peer is refused; empty when it is let in.
  std::string answer_to(const GatewayConfig& config) {
    Party peer(config);
    EXPECT_TRUE(peer.wait([](const Seen& s) { return !s.refused.empty() || !s.up.empty(); }));
    return peer.seen().refused.empty() ? "" : peer.seen().refused[0].first;
  }
};

TEST_F(Curve, LetsInWhoHasAnAuthorisedKey) {
  Party controller(secured());
  Party agent(with_keys(controller, "node-0", Role::kAgent, node_keys));
  ASSERT_TRUE(controller.wait_up());
  ASSERT_TRUE(agent.wait_up());
  EXPECT_EQ(controller.seen().up[0].key, node_keys.public_key);
  EXPECT_EQ(controller.seen().up[0].name, "node-0");
  agent.gateway().send(agent.gateway().link(0), {{1, 0}, kController, TaskStarted{{4}, 1, 0}});
  ASSERT_TRUE(controller.wait([](const Seen& s) { return s.mail.size() == 1; }));
  EXPECT_EQ(controller.gateway().counters().refused_peers, 0u);
}

TEST_F(Curve, RefusesAKeyThatIsNotAuthorised) {
  Party controller(secured());
  EXPECT_EQ(answer_to(with_keys(controller, "node-0", Role::kAgent, generate_keys())), "key");
  EXPECT_TRUE(controller.seen().up.empty());
  EXPECT_GE(controller.gateway().counters().refused_peers, 1u);
}

TEST_F(Curve, RefusesWhoHasNoKey) {
  Party controller(secured());
  Party bare(link_config(controller.gateway().endpoint(), "node-0"));
  ASSERT_TRUE(controller.wait_count(&GatewayCounters::refused_peers, 1));
  EXPECT_TRUE(bare.seen().up.empty());
  EXPECT_TRUE(controller.seen().up.empty());
}

TEST_F(Curve, IsNotSpokenWithAControllerOfAnotherKey) {
  Party controller(secured());
  GatewayConfig config = with_keys(controller, "node-0", Role::kAgent, node_keys);
  config.links[0].server_key = generate_keys().public_key;
  Party agent(config);
  ASSERT_TRUE(controller.wait_count(&GatewayCounters::refused_peers, 1));
  EXPECT_TRUE(agent.seen().up.empty());
}

TEST_F(Curve, AKeyOpensItsOwnRoleAndNameAlone) {
  Party controller(secured());
  auto answer = [&](const std::string& name, Role role, const KeyPair& keys) {
    return answer_to(with_keys(controller, name, role, keys));
  };
  EXPECT_EQ(answer("node-0", Role::kUser, node_keys), "role");
  EXPECT_EQ(answer("node-1", Role::kAgent, node_keys), "name");
  EXPECT_EQ(answer("ada", Role::kAgent, user_keys), "role");
  EXPECT_EQ(answer("ada", Role::kOperator, user_keys), "role");
  EXPECT_EQ(answer("grace", Role::kAdmin, operator_keys), "role");
  EXPECT_TRUE(controller.seen().up.empty());
  // Whoever may more may come as a user; what counts is the list, not what the peer calls itself.
  EXPECT_EQ(answer("someone", Role::kUser, operator_keys), "");
  ASSERT_TRUE(controller.wait_up());
  EXPECT_EQ(controller.seen().up[0].role, Role::kOperator);
  EXPECT_EQ(controller.seen().up[0].name, "grace");
}

TEST_F(Curve, AKeyTakenOffTheListEndsItsSession) {
  Party controller(secured());
  Party agent(with_keys(controller, "node-0", Role::kAgent, node_keys));
  Party user(with_keys(controller, "ada", Role::kUser, user_keys));
  ASSERT_TRUE(controller.wait_up(2));
  controller.gateway().authorise({{Role::kUser, "ada", user_keys.public_key}});
  ASSERT_TRUE(controller.wait([](const Seen& s) { return s.lost.size() == 1; }));
  EXPECT_EQ(controller.seen().lost[0].first.name, "node-0");
  ASSERT_TRUE(agent.wait([](const Seen& s) { return !s.refused.empty(); }));
  EXPECT_EQ(agent.seen().refused[0].first, "key");
  controller.gateway().authorise(
      {{Role::kAgent, "node-0", node_keys.public_key}, {Role::kUser, "ada", user_keys.public_key}});
  EXPECT_TRUE(agent.wait_up(2));
  EXPECT_TRUE(user.seen().lost.empty());
}

TEST_F(Curve, WatchersNeedAKeyToo) {
  GatewayConfig config = secured();
  config.server->news = "tcp://127.0.0.1:*";
  Party controller(config);
  auto watcher_config = [&](const KeyPair& keys) {
    GatewayConfig watch = with_keys(controller, "ada", Role::kUser, keys);
    watch.links[0].news = controller.gateway().news_endpoint();
    watch.links[0].topics = {""};
    return watch;
  };
  Party watcher(watcher_config(user_keys));
  Party stranger(watcher_config(generate_keys()));
  for (int i = 0; i < 2000 && watcher.seen().news.empty(); ++i) {
    controller.gateway().publish("x", "y");
    ::usleep(2000);
  }
  EXPECT_FALSE(watcher.seen().news.empty());
  ASSERT_TRUE(stranger.wait([](const Seen& s) { return !s.refused.empty(); }));
  EXPECT_TRUE(stranger.seen().news.empty());
}

TEST_F(Curve, NeedsTheControllersPublicKey) {
  GatewayConfig config = link_config("tcp://127.0.0.1:1", "node-0");
  config.links[0].keys = node_keys;
  EXPECT_THROW(Party{config}, InputError);
}

}  // namespace
}  // namespace orrery::live
