// The contract of drivers, over every engine.
#include "tests/drivers/contract.hpp"

#include "tests/engine/engines.hpp"

namespace orrery::live::contract {
namespace {

using testing_support::EngineKind;

template <EngineKind kind>
struct EngineFactory {
  static std::unique_ptr<World> make() {
    testing_support::Engine* engine = testing_support::engine(kind);
    if (engine == nullptr) return nullptr;
    return std::make_unique<testing_support::EngineWorld>(*engine);
  }
};

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(FakeEngine, DriverContract, EngineFactory<EngineKind::kFake>);
INSTANTIATE_TYPED_TEST_SUITE_P(Docker, DriverContract, EngineFactory<EngineKind::kDocker>);
INSTANTIATE_TYPED_TEST_SUITE_P(Podman, DriverContract, EngineFactory<EngineKind::kPodman>);

}  // namespace orrery::live::contract
