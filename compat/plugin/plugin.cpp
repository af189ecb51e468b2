// The worlds as a plugin: what `orrery check` loads.
#include "policies/plugin.hpp"

#include "compat/world.hpp"

namespace {

void load() {}  // no policies, worlds alone

}  // namespace

ORRERY_PLUGIN(load);

// C++ on both sides of the border, C in the name alone.
#pragma GCC diagnostic push
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wreturn-type-c-linkage"
#endif
extern "C" std::span<const orrery::compat::World> orrery_worlds();
std::span<const orrery::compat::World> orrery_worlds() { return orrery::compat::worlds(); }
#pragma GCC diagnostic pop
