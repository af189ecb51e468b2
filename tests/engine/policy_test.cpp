#include "live/engine/policy.hpp"

#include <gtest/gtest.h>

#include "tests/drivers/contract_world.hpp"

namespace orrery::live {
namespace {

EngineCreate plain(const std::string& image) {
  EngineCreate wanted;
  wanted.image = image;
  return wanted;
}

TEST(EnginePolicy, RefusesEverythingUntilItIsListed) {
  const EnginePolicy none;
  EXPECT_TRUE(none.refusal(plain("busybox:1")));
  EnginePolicy policy;
  policy.images = {"busybox:1", "registry.example.org/team/*"};
  EXPECT_FALSE(policy.refusal(plain("busybox:1")));
  EXPECT_FALSE(policy.refusal(plain("registry.example.org/team/train:7")));
  for (const char* image : {"busybox:2", "busybox:11", "registry.example.org/teams", "", "*"}) {
    EXPECT_TRUE(policy.refusal(plain(image))) << image;
  }
  EngineCreate wanted = plain("busybox:1");
  wanted.privileged = true;
  EXPECT_NE(policy.refusal(wanted)->find("privileged: true"), std::string::npos);
  wanted.privileged = false;
  wanted.capabilities = {"SYS_ADMIN"};
  EXPECT_NE(policy.refusal(wanted)->find("capabilities: [SYS_ADMIN]"), std::string::npos);
  policy.capabilities = {"SYS_ADMIN"};
  EXPECT_FALSE(policy.refusal(wanted));
  wanted.network = "host";
  EXPECT_NE(policy.refusal(wanted)->find("networks: [host]"), std::string::npos);
}

TEST(EnginePolicy, MountsLieWhereTheyClaimTo) {
  namespace fs = std::filesystem;
  const contract::TemporaryFolder folder;
  const fs::path data = folder.path() / "data";
  fs::create_directories(data / "set");
  fs::create_directories(folder.path() / "data-of-others");
  fs::create_directory_symlink("/etc", data / "link");
  EnginePolicy policy;
  policy.images = {"a"};
  policy.mounts = {{data, false}, {data / "set", true}};
  const auto refused = [&](const fs::path& source, bool read_only) {
    EngineCreate wanted = plain("a");
    wanted.mounts = {{source, "/data", read_only}};
    return policy.refusal(wanted).has_value();
  };
  EXPECT_FALSE(refused(data, true));
  EXPECT_FALSE(refused(data / "set", false));
  EXPECT_FALSE(refused(data / "set/new", false));
  EXPECT_TRUE(refused(data, false));
  EXPECT_TRUE(refused(data / "..", true));
  EXPECT_TRUE(refused(data / "set/../../data-of-others", true));
  EXPECT_TRUE(refused(folder.path() / "data-of-others", true));
  EXPECT_TRUE(refused(data / "link/passwd", true));
  EXPECT_TRUE(refused("data", true));
  EXPECT_TRUE(refused("/", true));
}

}  // namespace
}  // namespace orrery::live
