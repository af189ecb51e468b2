#include "actors/state.hpp"

namespace orrery {

void StateReader::fail(const char* expected) const {
  throw InputError({.where = where_,
                    .expected = expected,
                    .found = "something else at byte " + std::to_string(size_ - rest_.size()),
                    .hint = "it was changed or damaged after it was written"});
}

void StateReader::refuse_layout() const {
  throw InputError({.where = where_,
                    .expected = "a state that holds what this version and policy remember",
                    .found = "another at byte " + std::to_string(size_ - rest_.size()),
                    .hint = "go on from the journal's start, or with the version that wrote it"});
}

}  // namespace orrery
