#include "policies/elastic_flow.hpp"

#include <algorithm>
#include <queue>

#include "actors/state.hpp"

namespace orrery {

namespace {

// One that was taken off and has not come back for so long has ended meanwhile.
constexpr Duration kForget = Duration::seconds(86'400);

bool is_elastic(const JobSpec& spec) {
  return spec.flexibility == Flexibility::kMalleable || spec.flexibility == Flexibility::kEvolving;
}

Width times(Width each, int64_t tasks) { return {each.cpu_milli * tasks, each.gpu_milli * tasks}; }

bool holds(Width left, Width wanted) {
  return wanted.cpu_milli <= left.cpu_milli && wanted.gpu_milli <= left.gpu_milli;
}

Width minus(Width left, Width taken) {
  return {left.cpu_milli - taken.cpu_milli, left.gpu_milli - taken.gpu_milli};
}

}  // namespace

void ElasticFlow::decide(const ClusterView& view, Instant now, Plan& plan) {
  placer_.look(view);
  now_slot_ = now.ns / slot_.ns;
  news_ = false;
  measure(view);
  observe(view, now);
  judge(view, now);
  if (!is_quiet()) {
    std::vector<Target> targets = allot(view);
    carry_out(view, now, plan, targets);
  }
  const bool promises = std::any_of(jobs_.begin(), jobs_.end(),
                                    [](const Entry& entry) { return entry.second.admitted; });
  if (promises) plan.wake(Instant{(now_slot_ + 1) * slot_.ns});
}

void ElasticFlow::measure(const ClusterView& view) {
  Width whole;
  types_.clear();
  for (uint32_t node = 0; node < view.node_count(); ++node) {
    if (!view.is_up(node)) continue;
    const NodeSpec& spec = view.cluster().nodes[node];
    whole.cpu_milli += spec.capacity.cpu_milli;
    for (const int16_t gpu : spec.capacity.gpu_milli) whole.gpu_milli += gpu;
    if (spec.gpus == 0) continue;
    if (spec.gpu_type >= types_.size()) types_.resize(spec.gpu_type + 1, 0);
    types_[spec.gpu_type] = 1;
  }
  news_ = news_ || whole != whole_;
  whole_ = whole;
}

// A promise must hold wherever the job is placed: at the pace of the slowest type that it may get.
double ElasticFlow::pace_of(const ClusterView& view, const JobSpec& spec) const {
  if (spec.each.gpus == 0) return 1;
  const std::vector<double>& factors = view.kind_of(spec).speed.by_gpu_type;
  double slowest = 0;
  for (size_t type = 0; type < types_.size(); ++type) {
    const bool wanted = spec.each.gpu_types == 0 || (spec.each.gpu_types >> type & 1) != 0;
    if (types_[type] == 0 || !wanted) continue;
    const double factor = type < factors.size() ? factors[type] : 1;
    slowest = slowest > 0 ? std::min(slowest, factor) : factor;
  }
  return slowest > 0 ? slowest : 1;
}

ElasticFlow::Known& ElasticFlow::known(const ClusterView& view, const JobState& job) {
  const auto [at, fresh] = jobs_.try_emplace(job.spec->id);
  Known& known = at->second;
  if (!fresh) return known;
  news_ = true;
  const JobSpec& spec = *job.spec;
  known.foreseen = spec.requested_time != Duration::infinite();
  if (known.foreseen) known.whole_s = known.left_s = spec.requested_time.as_seconds();
  known.each = width_of(spec.each);
  const bool elastic = is_elastic(spec);
  const uint64_t room = view.tasks_when_empty(spec.each);
  const auto most = static_cast<uint32_t>(
      std::min<uint64_t>(elastic ? spec.max_tasks : spec.tasks, std::max<uint64_t>(room, 1)));
  known.sizes = worthwhile_sizes(elastic ? spec.min_tasks : spec.tasks, most, spec.tasks,
                                 view.kind_of(spec).speed, pace_of(view, spec));
  if (known.sizes.empty()) known.sizes = {{spec.tasks, 1}};  // nobody knows how it could run
  known.attained = job.attained;
  return known;
}

// Brings what is left of the job's work up to now.
void ElasticFlow::advance(const ClusterView& view, const JobState& job, Instant now, Known& known) {
  news_ = news_ || known.phase != job.phase;
  known.phase = job.phase;
  known.gone = Instant::never();
  if (job.phase == JobPhase::kStopping) return;
  const Duration attained = job.attained_at(now);
  if (attained < known.attained) {  // a failure has cost work
    const double kept = attained.as_seconds() / known.attained.as_seconds();
    known.left_s = known.whole_s - (known.whole_s - known.left_s) * kept;
  } else if (attained > known.attained) {
    const JobSpec& spec = *job.spec;
    const double speed =
        pace_of(view, spec) * view.kind_of(spec).speed.speed(known.tasks, spec.tasks, UINT32_MAX);
    known.left_s -= speed * (attained - known.attained).as_seconds();
  }
  if (known.left_s <= 0) known.left_s = 1;  // it takes longer than it said
  known.attained = attained;
  known.tasks = 0;
  for (size_t part = 0; part < job.parts.size(); ++part) {
    const PartPhase phase = job.part_phase[part];
    if (phase != PartPhase::kLeaving && phase != PartPhase::kEnded) {
      known.tasks += job.parts[part].tasks;
    }
  }
}

void ElasticFlow::observe(const ClusterView& view, Instant now) {
  std::map<JobId, uint8_t> here;
  const auto take = [&](JobId id) {
    const JobState& job = view.job(id);
    advance(view, job, now, known(view, job));
    here[id] = 1;
  };
  for (const PendingJob& job : view.pending()) take(job.id);
  for (const RunningJob& job : view.running()) take(job.id);
  // A job that this policy has taken off is in neither list until it is back in the queue.
  std::erase_if(jobs_, [&](const Entry& entry) {
    if (here.contains(entry.first)) return false;
    if (entry.second.gone != Instant::never() && now - entry.second.gone < kForget) return false;
    news_ = true;
    return true;
  });
}

SlotClaim ElasticFlow::claim_of(const JobSpec& spec, const Known& known) {
  return {spec.deadline, known.left_s, known.sizes, known.each};
}

// Jobs that are here and have a promise, the earliest deadline first.
std::vector<JobId> ElasticFlow::promised(const ClusterView& view) const {
  std::vector<JobId> jobs;
  for (const auto& [id, known] : jobs_) {
    if (known.admitted && known.gone == Instant::never()) jobs.push_back(id);
  }
  std::stable_sort(jobs.begin(), jobs.end(), [&](JobId a, JobId b) {
    return view.job(a).spec->deadline < view.job(b).spec->deadline;
  });
  return jobs;
}

// One that is being taken off keeps what it was promised.
SlotPlan ElasticFlow::empty_plan(Instant now) const {
  SlotPlan plan(now, slot_, whole_);
  for (const auto& [id, known] : jobs_) {
    if (known.admitted && known.gone != Instant::never()) plan.take(known.allotment, known.each);
  }
  return plan;
}

void ElasticFlow::judge(const ClusterView& view, Instant now) {
  keep_promises(view, now);
  for (auto& [id, known] : jobs_) {
    if (known.judged || known.gone != Instant::never()) continue;
    known.judged = true;
    if (view.job(id).spec->deadline == Instant::never() || !known.foreseen) continue;
    known.admitted = admit(view, now, id);
  }
}

// Where less was done than was planned for, or nodes are gone, all promises are planned anew; one
// that cannot be kept any more is given up, so that it costs no other.
void ElasticFlow::keep_promises(const ClusterView& view, Instant now) {
  const std::vector<JobId> jobs = promised(view);
  SlotPlan plan = empty_plan(now);
  bool kept = true;
  for (const JobId id : jobs) {
    const JobSpec& spec = *view.job(id).spec;
    const Known& known = jobs_[id];
    const double work_s = plan.work_of(known.allotment, claim_of(spec, known));
    kept = kept && work_s * (1 + 1e-9) + 1e-6 >= known.left_s;
    plan.take(known.allotment, known.each);
    const Width left = plan.left_now();
    kept = kept && left.cpu_milli >= 0 && left.gpu_milli >= 0;
  }
  if (kept) return;
  news_ = true;
  SlotPlan anew = empty_plan(now);
  for (const JobId id : jobs) {
    const JobSpec& spec = *view.job(id).spec;
    Known& known = jobs_[id];
    std::optional<Allotment> allotment = anew.fill(claim_of(spec, known));
    known.admitted = allotment.has_value();
    if (!allotment) continue;
    anew.take(*allotment, known.each);
    known.allotment = *std::move(allotment);
  }
}

// True, and all plans are as it needs them, if nobody's deadline is missed for it.
bool ElasticFlow::admit(const ClusterView& view, Instant now, JobId fresh) {
  std::vector<JobId> jobs = promised(view);
  const Instant deadline = view.job(fresh).spec->deadline;
  const auto place = std::find_if(jobs.begin(), jobs.end(),
                                  [&](JobId id) { return view.job(id).spec->deadline > deadline; });
  jobs.insert(place, fresh);
  SlotPlan plan = empty_plan(now);
  std::vector<Allotment> allotments;
  for (const JobId id : jobs) {
    const JobSpec& spec = *view.job(id).spec;
    std::optional<Allotment> allotment = plan.fill(claim_of(spec, jobs_[id]));
    if (!allotment) return false;
    plan.take(*allotment, jobs_[id].each);
    allotments.push_back(*std::move(allotment));
  }
  for (size_t i = 0; i < jobs.size(); ++i) jobs_[jobs[i]].allotment = std::move(allotments[i]);
  return true;
}

// True when nothing has happened but that a slot is over, and every promise runs on as it is.
bool ElasticFlow::is_quiet() const {
  if (news_ || !reached_) return false;
  return std::all_of(jobs_.begin(), jobs_.end(), [this](const Entry& entry) {
    const Known& known = entry.second;
    const uint32_t due = known.admitted ? known.allotment.at(now_slot_) : 0;
    return due == 0 || (known.phase == JobPhase::kRunning && known.tasks >= due);
  });
}

// What each job is to have in this slot: what was promised; then the least size for those that were
// promised nothing now, those that run first; then the rest to whoever gains most.
std::vector<ElasticFlow::Target> ElasticFlow::allot(const ClusterView& view) {
  std::vector<Target> targets;
  Width left = whole_;
  for (const JobId id : promised(view)) {
    Known& known = jobs_[id];
    const uint32_t tasks = known.allotment.at(now_slot_);
    const auto size = std::find_if(known.sizes.begin(), known.sizes.end(),
                                   [&](const JobSize& one) { return one.tasks == tasks; });
    const bool now = size != known.sizes.end();
    targets.push_back(
        {id, &known, now ? tasks : 0, now ? static_cast<size_t>(size - known.sizes.begin()) : 0});
    left = minus(left, times(known.each, targets.back().tasks));
  }
  std::vector<JobId> others;
  for (const auto& [id, known] : jobs_) {
    if (!known.admitted && known.gone == Instant::never()) others.push_back(id);
  }
  std::stable_partition(others.begin(), others.end(),
                        [&](JobId id) { return view.job(id).phase != JobPhase::kPending; });
  for (const JobId id : others) targets.push_back({id, &jobs_[id], 0, 0});
  for (Target& target : targets) {
    if (target.tasks > 0 || target.job->sizes.empty()) continue;
    const uint32_t least = target.job->sizes.front().tasks;
    const Width wanted = times(target.job->each, least);
    if (!holds(left, wanted)) continue;
    target.tasks = least;
    left = minus(left, wanted);
  }
  give_rest(targets, left);
  return targets;
}

// One size up at a time, to whoever ends soonest for it: seconds saved for each GPU (core) more.
void ElasticFlow::give_rest(std::vector<Target>& targets, Width left) {
  struct Offer {
    double gain = 0;
    size_t target = 0;
    bool operator<(const Offer& o) const {
      return gain != o.gain ? gain < o.gain : target > o.target;
    }
  };
  std::priority_queue<Offer> offers;
  const auto offer = [&](size_t index) {
    const Target& target = targets[index];
    if (target.tasks == 0 || target.size + 1 >= target.job->sizes.size()) return;
    const JobSize& now = target.job->sizes[target.size];
    const JobSize& more = target.job->sizes[target.size + 1];
    const Width each = target.job->each;
    const auto width = static_cast<double>(each.gpu_milli > 0 ? each.gpu_milli : each.cpu_milli);
    const double left_s = target.job->foreseen ? target.job->left_s : 0;
    const double saved_s = left_s / now.speed - left_s / more.speed;
    offers.push({saved_s / ((more.tasks - now.tasks) * std::max(width, 1.0)), index});
  };
  for (size_t i = 0; i < targets.size(); ++i) offer(i);
  while (!offers.empty()) {
    const size_t index = offers.top().target;
    offers.pop();
    Target& target = targets[index];
    const JobSize& more = target.job->sizes[target.size + 1];
    const Width wanted = times(target.job->each, more.tasks - target.tasks);
    if (!holds(left, wanted)) continue;
    left = minus(left, wanted);
    target.tasks = more.tasks;
    ++target.size;
    offer(index);
  }
}

bool ElasticFlow::save(StateWriter& to) const {
  to.object(*this);
  return true;
}

void ElasticFlow::load(StateReader& from) { from.object(*this); }

}  // namespace orrery
