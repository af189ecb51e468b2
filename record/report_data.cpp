#include "record/report_data.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "record/report.hpp"
#include "record/summary.hpp"

namespace orrery::record {

namespace {

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Two characters for each value of twelve bits.
std::array<std::array<char, 2>, 4096> base64_pairs() {
  std::array<std::array<char, 2>, 4096> pairs{};
  for (size_t i = 0; i < pairs.size(); ++i) pairs[i] = {kBase64[i >> 6], kBase64[i & 63]};
  return pairs;
}

// Appends to bytes that have been sized generously beforehand.
class Packer {
 public:
  explicit Packer(uint8_t* at) : at_(at) {}

  void varint(uint64_t value) {
    while (value >= 0x80) {
      *at_++ = static_cast<uint8_t>(value | 0x80);
      value >>= 7;
    }
    *at_++ = static_cast<uint8_t>(value);
  }
  void raw(const void* from, size_t size) {
    std::memcpy(at_, from, size);
    at_ += size;
  }
  uint8_t* position() const { return at_; }

 private:
  uint8_t* at_;
};

// A name that is a number as a user would write it takes no more bytes than the number does.
bool plain_number(const std::string& name, uint64_t& value) {
  if (name.empty() || name.size() > 15 || (name[0] == '0' && name.size() > 1)) return false;
  value = 0;
  for (char c : name) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return true;
}

class JobPacker {
 public:
  JobPacker(const Rows& rows, Instant origin, Instant end, int64_t tick_ns)
      : rows_(rows), origin_(origin), end_(end), tick_(tick_ns), submitted_(origin) {}

  // Room that `pack` may need for this job.
  size_t room(const JobSpec& spec, const JobRow& row) {
    pieces_.clear();
    size_t lists = 0;
    for (uint32_t at = row.last_piece; at != kNone; at = rows_.pieces[at].previous) {
      const uint8_t* list = rows_.nodes.data() + rows_.pieces[at].nodes;
      NodeListReader reader(list);
      NodeRun run;
      while (reader.next(run)) {
      }
      auto size = static_cast<size_t>(reader.position() - list);
      pieces_.push_back({at, size});
      lists += size + 24;
    }
    return spec.name.size() + lists + 128;
  }

  uint8_t* pack(uint8_t* at, const JobSpec& spec, const JobRow& row) {
    Packer out(at);
    uint64_t number = 0;
    if (plain_number(spec.name, number)) {
      out.varint(number << 1 | 1);
    } else {
      out.varint(spec.name.size() << 1);
      out.raw(spec.name.data(), spec.name.size());
    }
    out.varint(delta(submitted_, spec.submit));
    submitted_ = spec.submit;
    bool ended = row.phase == JobPhase::kEnded;
    bool running = row.phase == JobPhase::kRunning;
    out.varint(static_cast<uint64_t>(row.state) + (running ? kFinalStates : 0));
    out.varint(spec.user);
    out.varint(spec.tasks);
    out.varint(static_cast<uint64_t>(spec.each.cpu_milli));
    out.varint(static_cast<uint64_t>(int64_t{spec.each.gpus} * spec.each.gpu_milli));
    out.varint(static_cast<uint64_t>(row.wait_reason));
    out.varint(static_cast<uint64_t>(row.start_reason));
    out.varint(row.attempts);
    out.varint(row.preemptions);
    out.varint(pieces_.size());
    Instant last = spec.submit;
    for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece) {
      const Piece& what = rows_.pieces[piece->index];
      out.varint(delta(last, what.start));
      out.varint(delta(what.start, what.end));
      out.raw(rows_.nodes.data() + what.nodes, piece->list_size);
      last = what.end;
    }
    out.varint(delta(last, ended ? row.end : end_));
    return out.position();
  }

 private:
  struct PieceRef {
    uint32_t index;
    size_t list_size;
  };

  uint64_t delta(Instant from, Instant to) const { return zigzag((to - from).ns / tick_); }

  const Rows& rows_;
  Instant origin_;
  Instant end_;
  int64_t tick_;
  Instant submitted_;
  std::vector<PieceRef> pieces_;  // of the job at hand, last first
};

int64_t tick_of(const Rows& rows, Instant origin, Instant end) {
  int64_t tick = 1'000'000'000;
  auto fit = [&](Instant at) {
    while (at != Instant::never() && (at - origin).ns % tick != 0) tick /= 1000;
  };
  fit(end);
  for (size_t i = 0; i < rows.jobs.size(); ++i) {
    if (rows.jobs[i].phase == JobPhase::kUnseen) continue;
    fit(rows.workload->specs[i].submit);
    fit(rows.jobs[i].end);
  }
  for (const Piece& piece : rows.pieces) fit(piece.start), fit(piece.end);
  return tick;
}

// Counts values by the exponent and the three highest bits of the fraction of their double.
class CdfMaker {
 public:
  explicit CdfMaker(double lowest) : lowest_(lowest), first_(bin_of(lowest)) {}

  void add(double value) {
    size_t bin = value <= lowest_ ? 0 : static_cast<size_t>(bin_of(value) - first_) + 1;
    if (bin >= counts_.size()) counts_.resize(bin + 1);
    ++counts_[bin];
  }
  Cdf cdf() const {
    Cdf cdf;
    uint64_t sum = 0;
    for (size_t i = 0; i < counts_.size(); ++i) {
      sum += counts_[i];
      double edge = i == 0 ? lowest_ : std::bit_cast<double>((first_ + i) << kShift);
      if (counts_[i] != 0 || i == 0) cdf.points.emplace_back(edge, sum);
    }
    return cdf;
  }

 private:
  static constexpr int kShift = 49;
  static uint64_t bin_of(double value) { return std::bit_cast<uint64_t>(value) >> kShift; }

  double lowest_;
  uint64_t first_;
  std::vector<uint64_t> counts_;
};

}  // namespace

void put_base64(OutputFile& out, const uint8_t* bytes, size_t size) {
  static const auto kPairs = base64_pairs();
  constexpr size_t kChunk = 48 * 1024;  // a multiple of three
  for (size_t begin = 0; begin < size; begin += kChunk) {
    size_t end = std::min(size, begin + kChunk);
    char* at = out.room((end - begin + 2) / 3 * 4);
    size_t i = begin;
    for (; i + 3 <= end; i += 3) {
      uint32_t three = uint32_t{bytes[i]} << 16 | uint32_t{bytes[i + 1]} << 8 | bytes[i + 2];
      std::memcpy(at, kPairs[three >> 12].data(), 2);
      std::memcpy(at + 2, kPairs[three & 0xfff].data(), 2);
      at += 4;
    }
    if (i < end) {
      uint32_t rest = uint32_t{bytes[i]} << 16 | (i + 1 < end ? uint32_t{bytes[i + 1]} << 8 : 0);
      *at++ = kBase64[rest >> 18];
      *at++ = kBase64[rest >> 12 & 63];
      *at++ = i + 1 < end ? kBase64[rest >> 6 & 63] : '=';
      *at++ = '=';
    }
    out.wrote(at);
  }
}

JobsPacking packing_of(const Rows& rows, Instant origin, Instant end) {
  JobsPacking packing;
  auto parts_of = [](size_t all, size_t most) { return (all + most - 1) / most; };
  packing.stride = std::max({size_t{1}, parts_of(rows.jobs.size(), kReportJobs),
                             parts_of(rows.nodes.size(), kReportNodeBytes)});
  packing.tick_ns = tick_of(rows, origin, end);
  for (size_t i = 0; i < rows.jobs.size(); i += packing.stride) {
    if (rows.jobs[i].phase != JobPhase::kUnseen) ++packing.kept;
  }
  return packing;
}

void put_jobs(OutputFile& out, const Rows& rows, Instant origin, Instant end,
              const JobsPacking& packing) {
  // A little at a time: all of it would be the largest thing in memory by then.
  constexpr size_t kEnough = 48 * 1024;
  Bytes bytes;
  size_t used = 0;
  JobPacker packer(rows, origin, end, packing.tick_ns);
  for (size_t i = 0; i < rows.jobs.size(); i += packing.stride) {
    const JobRow& row = rows.jobs[i];
    if (row.phase == JobPhase::kUnseen) continue;
    const JobSpec& spec = rows.workload->specs[i];
    bytes.resize(std::max(bytes.size(), used + packer.room(spec, row)));
    used = static_cast<size_t>(packer.pack(bytes.data() + used, spec, row) - bytes.data());
    if (used < kEnough) continue;
    // Base64 goes on without a seam after a multiple of three bytes.
    size_t whole = used - used % 3;
    put_base64(out, bytes.data(), whole);
    std::memmove(bytes.data(), bytes.data() + whole, used - whole);
    used -= whole;
  }
  put_base64(out, bytes.data(), used);
}

Bytes pack_timeline(const Timeline& timeline, double fragmented_gpu) {
  const double units[Timeline::kLevels] = {1e3, 1e3, 1, 1, 1, 1e6, std::max(1.0, fragmented_gpu)};
  const auto& buckets = timeline.buckets();
  Bytes bytes(buckets.size() * Timeline::kLevels * sizeof(float));
  Packer out(bytes.data());
  for (size_t level = 0; level < Timeline::kLevels; ++level) {
    for (size_t i = 0; i < buckets.size(); ++i) {
      Instant begin = timeline.begin() + timeline.width() * static_cast<int64_t>(i);
      int64_t width = std::min(timeline.width().ns, (timeline.end() - begin).ns);
      double sum = static_cast<double>(buckets[i][level]);
      auto mean =
          static_cast<float>(width > 0 ? sum / (units[level] * static_cast<double>(width)) : 0);
      out.raw(&mean, sizeof mean);
    }
  }
  return bytes;
}

Cdf wait_cdf(const Rows& rows) {
  CdfMaker maker(1);
  for (size_t i = 0; i < rows.jobs.size(); ++i) {
    Instant start = rows.jobs[i].first_start;
    if (start == Instant::never()) continue;
    maker.add((start - rows.workload->specs[i].submit).as_seconds());
  }
  return maker.cdf();
}

Cdf slowdown_cdf(const Rows& rows) {
  CdfMaker maker(1);
  for (size_t i = 0; i < rows.jobs.size(); ++i) {
    const JobRow& row = rows.jobs[i];
    if (row.first_start == Instant::never() || row.phase != JobPhase::kEnded) continue;
    maker.add(bounded_slowdown(row.end - rows.workload->specs[i].submit, row.held));
  }
  return maker.cdf();
}

}  // namespace orrery::record
