#include "live/runtime.hpp"

#include "live/cells.hpp"

namespace orrery::live {

namespace {

// Where deeds are done: a place that no actor has.
constexpr ActorId kDeeds{UINT32_MAX, 0};

}  // namespace

Runtime::Runtime(RuntimeOptions options) : cells_(std::make_unique<Cells>(options)) {}

Runtime::~Runtime() = default;

void Runtime::attach(CommandSink* commands, Tap* tap, Carrier* carrier) {
  cells_->commands = commands;
  cells_->tap = tap;
  cells_->carrier = carrier;
}

void Runtime::add(ActorId id, std::unique_ptr<Actor> actor) { cells_->add(id, std::move(actor)); }

void Runtime::remove_place(uint32_t place) { cells_->remove_place(place); }

void Runtime::post(ActorId to, const Input& input) { post_at({}, to, input); }

void Runtime::post_at(Instant at, ActorId to, const Input& input) {
  Envelope envelope;
  envelope.input = input;
  envelope.due = at;
  cells_->put(to, std::move(envelope));
}

void Runtime::call_at(Instant at, std::function<void(Instant now)> deed) {
  Envelope envelope;
  envelope.deed = std::make_shared<const Deed>(std::move(deed));
  envelope.due = at;
  cells_->put(kDeeds, std::move(envelope));
}

void Runtime::visit(ActorId id, std::function<void(Instant, const Actor&)> look) {
  Envelope envelope;
  envelope.visit = std::make_shared<const Visit>(std::move(look));
  cells_->put(id, std::move(envelope));
}

void Runtime::arm(ActorId id, const Arm& wish) { cells_->arm(id, wish); }

Instant Runtime::now() const { return cells_->now(); }

uint64_t Runtime::steps() const { return cells_->steps; }

std::exception_ptr Runtime::failure() const { return cells_->failure(); }

void Runtime::stop() { cells_->stop(); }

Actor* Runtime::find(ActorId id) { return cells_->find(id); }

bool Runtime::step() { return cells_->step(); }

}  // namespace orrery::live
