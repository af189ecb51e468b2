// FunctionPolicy: a policy made of one function that remembers nothing between its calls.
#pragma once

#include <memory>

#include "actors/policy.hpp"

namespace orrery {

class FunctionPolicy final : public Policy {
 public:
  /// As Policy::decide.
  using Decide = void (*)(const ClusterView& view, Instant now, Plan& plan);

  explicit FunctionPolicy(Decide function) : decide_(function) {}

  void decide(const ClusterView& view, Instant now, Plan& plan) override {
    decide_(view, now, plan);
  }
  std::unique_ptr<Policy> clone() const override { return std::make_unique<FunctionPolicy>(*this); }
  bool save(StateWriter& /*to*/) const override { return true; }  // it remembers nothing

 private:
  Decide decide_;
};

}  // namespace orrery
