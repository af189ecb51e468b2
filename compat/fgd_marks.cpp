// Measures of the world "fgd", by the rules of the peer's log and of its analysis in NumPy.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

#include "actors/error.hpp"
#include "compat/fgd.hpp"
#include "compat/records.hpp"

namespace orrery::compat {

namespace {

double hundredths(double value) { return std::nearbyint(value * 100) / 100; }

// Adds up as NumPy does, pairwise in blocks of 128 with eight sums each (numpy/core, pairwise_sum):
// in means of hundredths that lie between two of them, the residue decides.
double pairwise_sum(std::span<const double> values) {
  constexpr size_t kBlock = 128;
  constexpr size_t kSums = 8;
  const size_t count = values.size();
  if (count > kBlock) {
    const size_t half = count / 2 - count / 2 % kSums;
    return pairwise_sum(values.first(half)) + pairwise_sum(values.subspan(half));
  }
  std::array<double, kSums> r{};
  const size_t whole = count - count % kSums;
  for (size_t i = 0; i < whole; ++i) r[i % kSums] += values[i];
  double sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  for (size_t i = whole; i < count; ++i) sum += values[i];
  return sum;
}

double mean(std::span<const double> values) {
  return pairwise_sum(values) / static_cast<double>(values.size());
}

// What was recorded at the arrivals that round to one percent of demand.
struct Bucket {
  std::vector<double> allocation;     // %
  std::vector<double> fragmentation;  // milli-GPUs
  std::vector<double> of_idle;        // %

  void add(const Bucket& o) {
    allocation.insert(allocation.end(), o.allocation.begin(), o.allocation.end());
    fragmentation.insert(fragmentation.end(), o.fragmentation.begin(), o.fragmentation.end());
    of_idle.insert(of_idle.end(), o.of_idle.begin(), o.of_idle.end());
  }
};

// The bucket nearest to `percent` that is not empty, the two neighbours together counting as one.
Bucket nearest(const std::vector<Bucket>& buckets, size_t percent) {
  if (!buckets[percent].allocation.empty()) return buckets[percent];
  for (size_t away = 1;; ++away) {
    Bucket bucket;
    if (percent >= away) bucket.add(buckets[percent - away]);
    if (percent + away < buckets.size()) bucket.add(buckets[percent + away]);
    if (!bucket.allocation.empty()) return bucket;
  }
}

}  // namespace

FgdMarks fgd_marks(const FgdInput& input, const std::vector<FgdArrival>& arrivals) {
  double all = 0;
  for (const NodeSpec& node : input.cluster.nodes) all += 1000.0 * node.gpus;
  std::vector<Bucket> buckets;
  for (const FgdArrival& arrival : arrivals) {
    const auto percent =
        static_cast<size_t>(std::nearbyint(100 * static_cast<double>(arrival.arrived_milli) / all));
    if (percent >= buckets.size()) buckets.resize(percent + 1);
    const auto used = static_cast<double>(arrival.used_milli);
    Bucket& bucket = buckets[percent];
    bucket.allocation.push_back(hundredths(100 * used / all));
    bucket.fragmentation.push_back(hundredths(arrival.frag_milli));
    bucket.of_idle.push_back(used < all ? hundredths(100 * arrival.frag_milli / (all - used)) : 0);
  }
  FgdMarks marks;
  for (size_t percent = 0; percent < buckets.size(); ++percent) {
    const Bucket bucket = nearest(buckets, percent);
    marks.allocation.push_back(hundredths(mean(bucket.allocation)));
    marks.fragmentation.push_back(hundredths(mean(bucket.fragmentation) * 100 / all));
    marks.of_idle.push_back(mean(bucket.of_idle));
  }
  return marks;
}

size_t fgd_decisions_as_logged(const FgdInput& input, const std::vector<FgdArrival>& arrivals,
                               const std::filesystem::path& log) {
  size_t next = 0;
  size_t alike = 0;
  for_each_record(
      log, {"seq", "pod", "node", "frag_milli", "used_gpu_milli"},
      [&](const traces::CsvTable& row) {
        if (row.whole(row.find("seq"), 0, limits::kJobs) != static_cast<int64_t>(next)) {
          row.fail(row.find("seq"), std::to_string(next) + ", as decisions count up from 0,");
        }
        if (next == arrivals.size()) {
          row.fail(row.find("seq"), "at most " + std::to_string(next) + " decisions");
        }
        const FgdArrival& arrival = arrivals[next++];
        // Pods that were added to inflate the demand are logged as copies: "NAME-tuned-5".
        const std::string_view pod = row.text(row.find("pod"));
        const std::string_view node = row.text(row.find("node"));
        const bool same_node = arrival.node == FgdArrival::kDropped
                                   ? node.empty()
                                   : node == input.cluster.nodes[arrival.node].name;
        const std::string_view text = row.text(row.find("frag_milli"));
        double frag = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), frag);
        if (error != std::errc() || end != text.data() + text.size()) {
          row.fail(row.find("frag_milli"), "milli-GPUs");
        }
        const int64_t used = row.whole(row.find("used_gpu_milli"), 0, INT64_MAX / 2);
        if (same_node && pod.substr(0, pod.find("-tuned-")) == input.pods[arrival.pod].name &&
            hundredths(arrival.frag_milli) == frag && arrival.used_milli == used) {
          ++alike;
        }
      });
  return alike;
}

}  // namespace orrery::compat
