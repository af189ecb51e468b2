// The engines that the tests of this folder run over: the fake, a real dockerd, a real podman. Each
// is started once a process, when it is first asked for.
#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "live/engine/engine_driver.hpp"
#include "live/engine/labels.hpp"
#include "tests/drivers/contract.hpp"
#include "tests/engine/daemons.hpp"
#include "tests/engine/fake_engine.hpp"

namespace orrery::live::testing_support {

struct Engine {
  EngineConfig config;  ///< for a driver of it; without a run
  std::string image;
  FakeEngine* fake = nullptr;
  Daemon* daemon = nullptr;
};

enum class EngineKind : uint8_t { kFake, kDocker, kPodman };

/// Null, after GTEST_SKIP() with the reason, where it can't run here.
Engine* engine(EngineKind kind);

/// A run of its own on one of them.
class EngineWorld final : public contract::World {
 public:
  explicit EngineWorld(Engine& engine);

  std::unique_ptr<Driver> driver() override { return std::make_unique<EngineDriver>(config_); }
  contract::Abilities abilities() const override { return {/*limits=*/true}; }
  ContainerOrder order(const ContainerKey& key, const contract::Program& program) override;
  bool has_ended(const ContainerKey& key) override;
  std::optional<ContainerLimits> limits(const ContainerKey& key) override;
  std::filesystem::path folder() const override { return folder_.path(); }

  EngineConfig& config() { return config_; }
  std::string name(const ContainerKey& key) const { return container_name(config_.run, key); }

 private:
  Engine& engine_;
  contract::TemporaryFolder folder_;
  EngineConfig config_;
};

}  // namespace orrery::live::testing_support
