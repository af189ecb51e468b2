#include "actors/fields.hpp"

namespace orrery {

namespace {

template <class M>
std::string fields_text(const M& message) {
  std::string text = std::string(M::kName) + "(";
  bool first = true;
  for_each_word(message, [&](uint64_t word) {
    if (!first) text += ", ";
    first = false;
    text += std::to_string(static_cast<int64_t>(word));
  });
  return text + ")";
}

}  // namespace

std::string describe(const Input& input) {
  auto text = [](const auto& m) { return fields_text(m); };
  if (const auto* mail = std::get_if<Delivery>(&input)) {
    return std::visit(text, mail->message) + " from " + describe(mail->from);
  }
  if (const auto* report = std::get_if<Report>(&input)) return std::visit(text, *report);
  return "expiry of timer " + std::to_string(std::get<Expiry>(input).timer);
}

std::string describe(ActorId actor) {
  if (actor == kController) return "controller";
  if (actor.place == UINT32_MAX) return "world";
  if (actor.place == 0) return "edge";
  std::string node = "node " + std::to_string(actor.place - 1);
  return actor.serial == 0 ? node + " agent" : node + " container " + std::to_string(actor.serial);
}

}  // namespace orrery
