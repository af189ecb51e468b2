#include "policies/type_shares.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

namespace orrery {

namespace {

constexpr double kTolerance = 1e-10;
constexpr double kPrecision = 1e-7;  // of the level
constexpr int kBisections = 60;
constexpr int kMostColumns = 400;  // a bound on what is looked at for one level; some 20 are usual

double equal_part(const TypeClaim& claim, std::span<const double> gpus_of_type) {
  const double all = std::accumulate(gpus_of_type.begin(), gpus_of_type.end(), 0.0);
  double progress = 0;
  for (size_t type = 0; type < gpus_of_type.size(); ++type) {
    progress += claim.pace[type] * gpus_of_type[type] / all;
  }
  return progress;
}

/// A job in the program: normal progress a unit of time on each type.
struct Row {
  double gpus = 1;
  double most = 0;  // progress that it makes with the cluster to itself
  std::vector<double> gain;
};

double progress_alone(const Row& row, std::span<const double> gpus_of_type) {
  std::vector<size_t> fastest(gpus_of_type.size());
  std::iota(fastest.begin(), fastest.end(), size_t{0});
  std::stable_sort(fastest.begin(), fastest.end(),
                   [&](size_t a, size_t b) { return row.gain[a] > row.gain[b]; });
  double time = 1;
  double progress = 0;
  for (const size_t type : fastest) {
    const double part = std::min(time, gpus_of_type[type] / row.gpus);
    progress += part * row.gain[type];
    time -= part;
  }
  return progress;
}

/// The least that a job can pay for `level` under `prices` (of a GPU for all the time, by type):
/// one type, or two that it divides all its time between. Writes its share.
void buy(const Row& row, double level, std::span<const double> prices, std::span<double> share) {
  const size_t types = prices.size();
  level = std::min(level, row.most);
  std::fill(share.begin(), share.end(), 0);
  if (level <= 0) return;
  double best = std::numeric_limits<double>::infinity();
  const auto offer = [&](size_t one, double part, size_t other) {
    const double rest = one == other ? 0 : 1 - part;
    const double cost = part * prices[one] + rest * prices[other];
    // A little cheaper is not worth a change: rounding must not decide.
    if (!(cost < best - kTolerance * (1 + cost))) return;
    best = cost;
    std::fill(share.begin(), share.end(), 0);
    share[one] = part;
    if (other != one) share[other] = rest;
  };
  for (size_t fast = 0; fast < types; ++fast) {
    if (row.gain[fast] < level) continue;
    offer(fast, level / row.gain[fast], fast);
    for (size_t slow = 0; slow < types; ++slow) {
      if (row.gain[slow] >= level || row.gain[slow] <= 0) continue;
      offer(fast, (level - row.gain[slow]) / (row.gain[fast] - row.gain[slow]), slow);
    }
  }
}

/// Shares of all jobs, one after the other.
using Answer = std::vector<double>;

/// Decides whether every job can have a level. The program: as much weight as possible on answers
/// (each gives every job the level) whose weighed use stays within every type; the level can be had
/// where that weight reaches 1.
class Market {
 public:
  Market(std::span<const Row> rows, std::span<const double> gpus_of_type)
      : rows_(rows),
        gpus_(gpus_of_type),
        types_(gpus_of_type.size()),
        hint_(types_, 1.0 / static_cast<double>(types_)) {}

  /// Shares that give the level; none where there are none.
  std::optional<Answer> at(double level) {
    begin();
    for (int column = 0; column < kMostColumns; ++column) {
      const std::vector<double> prices = prices_now();
      const auto unpaid = std::min_element(prices.begin(), prices.end());
      if (*unpaid < -kTolerance) {  // that type has room to spare after all
        std::vector<double> spare(types_, 0);
        spare[static_cast<size_t>(unpaid - prices.begin())] = 1;
        if (!enter(spare, {}, 0)) return std::nullopt;
        continue;
      }
      Answer answer = answer_at(level, prices);
      const std::vector<double> use = use_of(answer);
      if (*std::max_element(use.begin(), use.end()) <= 1) return answer;
      const double cost = std::inner_product(use.begin(), use.end(), prices.begin(), 0.0);
      // All answers cost at least that, and no mixture costs more than all that there is.
      const bool too_dear = std::accumulate(prices.begin(), prices.end(), 0.0) < cost;
      if (too_dear) hint_ = prices;
      if (too_dear || (column > 0 && cost >= 1 - kTolerance)) return std::nullopt;
      if (!enter(use, std::move(answer), 1)) return std::nullopt;
      if (weight() >= 1) return mixture();
    }
    return std::nullopt;
  }

 private:
  struct Basic {
    Answer answer;  // empty: room that is left
    double worth = 0;
    double value = 1;
  };

  void begin() {
    basis_.assign(types_, {});
    inverse_.assign(types_, std::vector<double>(types_, 0));
    for (size_t i = 0; i < types_; ++i) inverse_[i][i] = 1;
    fresh_ = true;
  }
  // Before there is any answer any prices will do; those of the last level are near.
  std::vector<double> prices_now() const {
    if (fresh_) return hint_;
    std::vector<double> prices(types_, 0);
    for (size_t i = 0; i < types_; ++i) {
      for (size_t type = 0; type < types_; ++type)
        prices[type] += basis_[i].worth * inverse_[i][type];
    }
    return prices;
  }
  Answer answer_at(double level, std::span<const double> prices) const {
    Answer answer(rows_.size() * types_);
    std::vector<double> of_job(types_);
    for (size_t job = 0; job < rows_.size(); ++job) {
      for (size_t type = 0; type < types_; ++type) {
        of_job[type] = std::max(0.0, prices[type]) * rows_[job].gpus / gpus_[type];
      }
      buy(rows_[job], level, of_job, std::span(answer).subspan(job * types_, types_));
    }
    return answer;
  }
  std::vector<double> use_of(const Answer& answer) const {
    std::vector<double> use(types_, 0);
    for (size_t job = 0; job < rows_.size(); ++job) {
      for (size_t type = 0; type < types_; ++type) {
        use[type] += answer[job * types_ + type] * rows_[job].gpus / gpus_[type];
      }
    }
    return use;
  }
  // A step of the simplex method; false where nothing bounds it, which room in types always does.
  bool enter(const std::vector<double>& use, Answer answer, double worth) {
    fresh_ = false;
    std::vector<double> along(types_, 0);
    for (size_t i = 0; i < types_; ++i) {
      for (size_t type = 0; type < types_; ++type) along[i] += inverse_[i][type] * use[type];
    }
    size_t leaves = types_;
    for (size_t i = 0; i < types_; ++i) {
      if (along[i] <= kTolerance) continue;
      if (leaves == types_ || basis_[i].value * along[leaves] < basis_[leaves].value * along[i]) {
        leaves = i;
      }
    }
    if (leaves == types_) return false;
    const double step = basis_[leaves].value / along[leaves];
    for (size_t i = 0; i < types_; ++i) {
      if (i == leaves) continue;
      basis_[i].value = std::max(0.0, basis_[i].value - step * along[i]);
      for (size_t type = 0; type < types_; ++type) {
        inverse_[i][type] -= along[i] / along[leaves] * inverse_[leaves][type];
      }
    }
    for (double& entry : inverse_[leaves]) entry /= along[leaves];
    basis_[leaves] = {std::move(answer), worth, step};
    return true;
  }
  double weight() const {
    double sum = 0;
    for (const Basic& basic : basis_) sum += basic.worth * basic.value;
    return sum;
  }
  Answer mixture() const {
    const double all = weight();
    Answer mixed(rows_.size() * types_, 0);
    for (const Basic& basic : basis_) {
      if (basic.worth <= 0) continue;
      for (size_t i = 0; i < mixed.size(); ++i) mixed[i] += basic.answer[i] * (basic.value / all);
    }
    return mixed;
  }

  std::span<const Row> rows_;
  std::span<const double> gpus_;
  size_t types_;
  std::vector<double> hint_;  // prices of the last level that was too high
  std::vector<Basic> basis_;
  std::vector<std::vector<double>> inverse_;  // of the basis
  bool fresh_ = true;
};

}  // namespace

double normal_progress(const TypeClaim& claim, std::span<const double> share,
                       std::span<const double> gpus_of_type) {
  const double equal = equal_part(claim, gpus_of_type);
  if (equal <= 0) return 0;
  double progress = 0;
  for (size_t type = 0; type < share.size(); ++type) progress += share[type] * claim.pace[type];
  return progress * claim.gpus / (claim.weight * equal);
}

TypeShares max_min_by_type(std::span<const TypeClaim> claims,
                           std::span<const double> gpus_of_type) {
  std::vector<Row> rows;
  double most = 0;
  for (const TypeClaim& claim : claims) {
    const double equal = equal_part(claim, gpus_of_type);
    Row row{claim.gpus, 0, std::vector<double>(gpus_of_type.size(), 0)};
    for (size_t type = 0; equal > 0 && type < gpus_of_type.size(); ++type) {
      row.gain[type] = claim.gpus * claim.pace[type] / (claim.weight * equal);
    }
    row.most = progress_alone(row, gpus_of_type);
    most = std::max(most, row.most);
    rows.push_back(std::move(row));
  }
  Market market(rows, gpus_of_type);
  std::optional<Answer> best = market.at(most);
  double low = best ? most : 0;
  double high = most;
  for (int i = 0; i < kBisections && high - low > kPrecision * high; ++i) {
    const double level = low + (high - low) / 2;
    if (auto found = market.at(level)) {
      best = std::move(found);
      low = level;
    } else {
      high = level;
    }
  }
  TypeShares shares(claims.size(), std::vector<double>(gpus_of_type.size(), 0));
  if (!best) return shares;
  auto next = best->begin();
  for (std::vector<double>& share : shares) {
    for (double& part : share) part = *next++;
  }
  return shares;
}

}  // namespace orrery
