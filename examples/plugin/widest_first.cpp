// A policy in a shared library: the widest gang first, as long as it fits; the others wait.
//
// Built against the installed headers (CMakeLists.txt beside this file), and run with
//   orrery --plugin build/widest_first.so sim scenario.yaml --policy widest-first
#include "actors/error.hpp"
#include "policies/placement.hpp"
#include "policies/plugin.hpp"

namespace {

using namespace orrery;

class WidestFirst final : public Policy {
 public:
  explicit WidestFirst(uint64_t seed) : placer_(Placement::kConsolidate, seed) {}

  // Fixed while a job waits, so the queue stands in this order; ties by submission.
  int64_t queue_key(const JobState& job) const override { return -int64_t{job.spec->tasks}; }
  bool keeps_order() const override { return true; }

  void decide(const ClusterView& view, Instant /*now*/, Plan& plan) override {
    for (const PendingJob& pending : view.pending()) {
      const JobState& job = view.job(pending.id);
      const Space space = Space::of(plan, view.cluster());
      const std::span<const Part> parts = placer_.place(space, job, pending.tasks);
      if (parts.empty()) {
        const uint32_t room = Placer::count(space, job.spec->each, pending.tasks);
        plan.wait(pending.id, {ReasonCode::kNotEnoughFree, pending.tasks, room});
        return;
      }
      plan.start(job, parts, {ReasonCode::kFirstInOrder, 0, 0});
    }
  }

  std::unique_ptr<Policy> clone() const override { return std::make_unique<WidestFirst>(*this); }

 private:
  Placer placer_;
};

std::unique_ptr<Policy> make(const PolicyConfig& config) {
  if (config.backfill != "none") {
    throw InputError({.where = "policy.backfill",
                      .expected = "none with widest-first",
                      .found = config.backfill,
                      .hint = "leave it out"});
  }
  return std::make_unique<WidestFirst>(config.seed);
}

void load() { add_policy({"widest-first", "the gang of most tasks first", make}); }

}  // namespace

ORRERY_PLUGIN(load);
