#include "policies/placement.hpp"

#include <algorithm>
#include <bit>
#include <queue>

namespace orrery {

namespace {

// Calls f(node, tasks that fit) for nodes in ascending order until f returns false.
template <class F>
void for_each_room(const Space& space, const TaskDemand& demand, uint32_t wanted, F&& f) {
  if (space.counted != nullptr) {
    std::span<const uint64_t> words = space.counted->nodes_with_units();
    for (size_t w = 0; w < words.size(); ++w) {
      for (uint64_t word = words[w]; word != 0; word &= word - 1) {
        auto node = static_cast<uint32_t>(w * 64 + static_cast<size_t>(std::countr_zero(word)));
        if (!f(node, static_cast<uint32_t>(space.counted->units(node)))) return;
      }
    }
    return;
  }
  for (uint32_t node = space.first; node < space.free.size(); ++node) {
    if (space.up[node] == 0) continue;
    uint32_t type = space.cluster->nodes[node].gpu_type;
    uint32_t fits = tasks_that_fit(space.free[node], type, demand, wanted);
    if (fits > 0 && !f(node, fits)) return;
  }
}

// A frozen gang goes on where it is: its memory is there, its processors must be free.
bool may_resume(const Space& space, const JobState& job) {
  TaskDemand needed = without_memory(job.spec->each);
  for (const Part& part : job.parts) {
    if (space.up[part.node] == 0 || !fits(space.free[part.node], needed, part)) return false;
  }
  return true;
}

std::optional<Scoring> scoring_of(Placement how) {
  switch (how) {
    case Placement::kFgd: return Scoring::kFgd;
    case Placement::kBestFitGpu: return Scoring::kBestFitGpu;
    case Placement::kDotProduct: return Scoring::kDotProduct;
    case Placement::kGpuClustering: return Scoring::kGpuClustering;
    case Placement::kGpuPacking: return Scoring::kGpuPacking;
    case Placement::kRandomGpu: return Scoring::kRandomGpu;
    case Placement::kFirstFit:
    case Placement::kBestFit:
    case Placement::kWorstFit:
    case Placement::kConsolidate:
    case Placement::kConsolidateRack:
    case Placement::kRandom: break;
  }
  return std::nullopt;
}

}  // namespace

Placer::Placer(Placement how, uint64_t seed) : how_(how), random_(seed, 0, "placement") {
  if (const auto scoring = scoring_of(how)) scored_.emplace(*scoring, seed);
}

Tally::Tally(const Space& space, const TaskDemand& demand, uint32_t wanted)
    : space_(space), demand_(demand), wanted_(wanted), fit_(space.free.size(), 0) {
  for (uint32_t node = 0; node < fit_.size(); ++node) recount(node);
}

void Tally::recount(uint32_t node) {
  if (space_.up[node] == 0) return;
  total_ -= fit_[node];
  uint32_t type = space_.cluster->nodes[node].gpu_type;
  fit_[node] = tasks_that_fit(space_.free[node], type, demand_, wanted_);
  total_ += fit_[node];
}

uint32_t Placer::count(const Space& space, const TaskDemand& demand, uint32_t wanted) {
  if (space.counted != nullptr) {
    return static_cast<uint32_t>(std::min<int64_t>(space.counted->total_units(), wanted));
  }
  uint64_t total = 0;
  for_each_room(space, demand, wanted, [&](uint32_t, uint32_t fits) {
    total += fits;
    return total < wanted;
  });
  return static_cast<uint32_t>(std::min<uint64_t>(total, wanted));
}

bool Placer::gather(const Space& space, const TaskDemand& demand, uint32_t tasks) {
  rooms_.clear();
  if (space.counted != nullptr && space.counted->total_units() < tasks) return false;
  uint64_t total = 0;
  bool first_fit = how_ == Placement::kFirstFit;
  for_each_room(space, demand, tasks, [&](uint32_t node, uint32_t fits) {
    rooms_.push_back({node, fits});
    total += fits;
    return !(first_fit && total >= tasks);
  });
  first_room_ = rooms_.empty() ? static_cast<uint32_t>(space.free.size()) : rooms_.front().node;
  return total >= tasks;
}

// Brings the rooms into the order in which they are filled.
void Placer::order(const Space& space, uint32_t tasks) {
  switch (how_) {
    case Placement::kFirstFit: return;
    case Placement::kBestFit:
      std::sort(rooms_.begin(), rooms_.end(),
                [&](const Room& x, const Room& y) { return is_tighter(space, x, y); });
      return;
    case Placement::kRandom:
      for (size_t i = rooms_.size(); i > 1; --i) {
        std::swap(rooms_[i - 1], rooms_[random_.below(i)]);
      }
      return;
    case Placement::kConsolidateRack: return fill_racks(space, tasks);
    default: break;
  }
  std::sort(rooms_.begin(), rooms_.end(), is_roomier);
  if (how_ != Placement::kWorstFit) fill_nodes(space, 0, rooms_.size(), tasks);
}

bool Placer::is_tighter(const Space& space, const Room& x, const Room& y) {
  if (x.fits != y.fits) return x.fits < y.fits;
  const int64_t left_x = space.free[x.node].cpu_milli;
  const int64_t left_y = space.free[y.node].cpu_milli;
  return left_x != left_y ? left_x < left_y : x.node < y.node;
}

bool Placer::is_roomier(const Room& x, const Room& y) {
  return x.fits != y.fits ? x.fits > y.fits : x.node < y.node;
}

// Of rooms_[from, to), the roomiest first: full nodes, then, for what remains, the tightest node
// that holds it.
void Placer::fill_nodes(const Space& space, size_t from, size_t to, uint32_t tasks) {
  while (from < to && rooms_[from].fits < tasks) tasks -= rooms_[from++].fits;
  const auto begin = rooms_.begin() + static_cast<std::ptrdiff_t>(from);
  const auto end = rooms_.begin() + static_cast<std::ptrdiff_t>(to);
  const auto holds =
      std::partition_point(begin, end, [&](const Room& r) { return r.fits >= tasks; });
  if (begin == holds) return;
  std::iter_swap(begin, std::min_element(begin, holds, [&](const Room& x, const Room& y) {
                   return is_tighter(space, x, y);
                 }));
}

// Full racks, the roomiest first; then, for what remains, of the racks that hold it the one where
// it takes the fewest nodes, of those the tightest.
void Placer::fill_racks(const Space& space, uint32_t tasks) {
  const auto rack_of = [&](const Room& room) { return space.cluster->nodes[room.node].rack; };
  std::sort(rooms_.begin(), rooms_.end(), [&](const Room& x, const Room& y) {
    return rack_of(x) != rack_of(y) ? rack_of(x) < rack_of(y) : is_roomier(x, y);
  });
  racks_.clear();
  for (size_t i = 0; i < rooms_.size(); ++i) {
    if (i == 0 || rack_of(rooms_[i]) != racks_.back().number) {
      racks_.push_back({i, i, 0, 0, rack_of(rooms_[i])});
    }
    racks_.back().to = i + 1;
    racks_.back().fits += rooms_[i].fits;
    racks_.back().cpu_milli += space.free[rooms_[i].node].cpu_milli;
  }
  std::sort(racks_.begin(), racks_.end(), [](const Rack& x, const Rack& y) {
    return x.fits != y.fits ? x.fits > y.fits : x.number < y.number;
  });
  auto last = racks_.begin();
  while (last->fits < tasks) tasks -= static_cast<uint32_t>((last++)->fits);
  const auto nodes = [&](const Rack& rack) {
    size_t at = rack.from;
    for (uint32_t left = tasks; rooms_[at].fits < left; ++at) left -= rooms_[at].fits;
    return at - rack.from;
  };
  const auto holds =
      std::partition_point(last, racks_.end(), [&](const Rack& r) { return r.fits >= tasks; });
  const auto better = [&](const Rack& x, const Rack& y) {
    const size_t nodes_x = nodes(x);
    const size_t nodes_y = nodes(y);
    if (nodes_x != nodes_y) return nodes_x < nodes_y;
    if (x.fits != y.fits) return x.fits < y.fits;
    return x.cpu_milli != y.cpu_milli ? x.cpu_milli < y.cpu_milli : x.number < y.number;
  };
  std::iter_swap(last, std::min_element(last, holds, better));
  fill_nodes(space, last->from, last->to, tasks);
  in_racks_.clear();
  for (auto rack = racks_.begin(); rack <= last; ++rack) {
    in_racks_.insert(in_racks_.end(), rooms_.begin() + static_cast<std::ptrdiff_t>(rack->from),
                     rooms_.begin() + static_cast<std::ptrdiff_t>(rack->to));
  }
  rooms_.swap(in_racks_);
}

// Worst fit for several tasks: each on the node that then has the most room.
void Placer::spread(uint32_t tasks) {
  std::vector<uint32_t> used(rooms_.size(), 0);
  auto less_room = [&](size_t x, size_t y) {
    uint32_t rx = rooms_[x].fits - used[x];
    uint32_t ry = rooms_[y].fits - used[y];
    return rx != ry ? rx < ry : x > y;
  };
  std::vector<size_t> heap;
  for (size_t i = 0; i < rooms_.size(); ++i) heap.push_back(i);
  std::make_heap(heap.begin(), heap.end(), less_room);
  for (; tasks > 0; --tasks) {
    std::pop_heap(heap.begin(), heap.end(), less_room);
    ++used[heap.back()];
    std::push_heap(heap.begin(), heap.end(), less_room);
  }
  for (size_t i = 0; i < rooms_.size(); ++i) rooms_[i].fits = used[i];
}

void Placer::add_parts(const Space& space, const TaskDemand& demand, Room room) {
  if (demand.gpus == 0) {
    parts_.push_back({room.node, room.fits, {0, static_cast<uint16_t>(demand.gpu_milli)}});
    return;
  }
  if (!demand.shares_gpu()) {
    parts_.push_back({room.node, room.fits, choose_gpus(space.free[room.node], demand, room.fits)});
    return;
  }
  // Tasks that share GPUs get a container each, so that each has a GPU set of its own.
  Capacity left = space.free[room.node];
  for (uint32_t task = 0; task < room.fits; ++task) {
    Part part{room.node, 1, choose_gpus(left, demand, 1)};
    take(left, demand, part);
    parts_.push_back(part);
  }
}

std::span<const Part> Placer::place(const Space& space, const JobState& job, uint32_t tasks) {
  parts_.clear();
  first_room_ = space.first;
  if (job.suspended) {
    if (may_resume(space, job)) parts_ = job.parts;
    return parts_;
  }
  const TaskDemand& demand = job.spec->each;
  if (scored_) {
    if (space.counted != nullptr && space.counted->total_units() < tasks) return {};
    scored_->place(space, *job.spec, tasks, parts_);
    return parts_;
  }
  if (!gather(space, demand, tasks)) return {};
  order(space, tasks);
  if (how_ == Placement::kWorstFit && tasks > 1) spread(tasks);
  for (const Room& room : rooms_) {
    if (tasks == 0) break;
    uint32_t here = std::min(room.fits, tasks);
    if (here == 0) continue;
    add_parts(space, demand, {room.node, here});
    tasks -= here;
  }
  return parts_;
}

}  // namespace orrery
