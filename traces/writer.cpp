#include "traces/writer.hpp"

#include "actors/error.hpp"
#include "traces/binary.hpp"
#include "traces/csv.hpp"
#include "traces/kinds.hpp"
#include "traces/orrery_csv.hpp"
#include "traces/speed_text.hpp"

namespace orrery::traces {

namespace {

constexpr size_t kChunk = size_t{1} << 20;

std::string types_text(uint32_t mask, const std::vector<std::string>& types) {
  std::string out;
  for (size_t i = 0; i < types.size(); ++i) {
    if ((mask >> i & 1) != 0) out += (out.empty() ? "" : "|") + types[i];
  }
  return out;
}

std::string after_text(const JobSpec& spec, const Workload& workload) {
  std::string out;
  for (const JobId job : spec.after) {
    out += (out.empty() ? "" : ";") + workload.specs[job.index].name;
  }
  return out;
}

void append_csv_row(std::string& out, const Workload& w, size_t i) {
  const JobSpec& spec = w.specs[i];
  const JobTruth& truth = w.truths[i];
  const auto field = [&out](std::string_view text) {
    append_field(out, text);
    out += ',';
  };
  const auto named = [](const std::vector<std::string>& names, uint32_t index) {
    return index == 0 ? std::string_view() : std::string_view(names[index]);
  };
  field(spec.name);
  field(seconds_text(spec.submit.ns));
  field(seconds_text(truth.run_time.ns));
  field(spec.requested_time == Duration::infinite() ? "" : seconds_text(spec.requested_time.ns));
  field(std::to_string(spec.tasks));
  field(std::to_string(spec.min_tasks));
  field(std::to_string(spec.max_tasks));
  field(kFlexibilityNames[static_cast<size_t>(spec.flexibility)]);
  field(std::to_string(spec.each.cpu_milli));
  field(std::to_string(spec.each.memory_mib));
  field(std::to_string(spec.each.gpus));
  field(std::to_string(spec.each.gpu_milli));
  field(std::to_string(spec.each.gpu_memory_mib));
  field(types_text(spec.each.gpu_types, w.gpu_types));
  field(std::to_string(spec.priority));
  field(named(w.users, spec.user));
  field(named(w.groups, spec.group));
  field(named(w.queues, spec.queue));
  field(after_text(spec, w));
  field(seconds_text(spec.think_time.ns));
  field(kEndNames[static_cast<size_t>(truth.end)]);
  field(truth.cancel_at == Instant::never() ? "" : seconds_text(truth.cancel_at.ns));
  field(speed_text(w.speeds[truth.speed]));
  field(spec.deadline == Instant::never() ? "" : seconds_text(spec.deadline.ns));
  append_field(out, spec.kind == 0 ? std::string_view() : w.kinds[spec.kind].name);
  out += '\n';
}

void put_block(ByteSink& sink, BlockKind kind, Packer& packer) {
  sink.write(binary_block(kind, packer.bytes()));
  packer.clear();
}

void pack_speed(Packer& out, const SpeedModel& model) {
  out.number(static_cast<uint64_t>(model.kind));
  out.real(model.serial);
  out.number(model.table.size());
  for (const auto& [tasks, speed] : model.table) {
    out.number(tasks);
    out.real(speed);
  }
  out.number(model.by_gpu_type.size());
  for (const double factor : model.by_gpu_type) out.real(factor);
}

void pack_kind(Packer& out, const JobKind& kind) {
  out.text(kind.name);
  pack_speed(out, kind.speed);
  out.real(kind.gpu_busy);
  for (const auto* numbers : {&kind.stages, &kind.beside}) {
    out.number(numbers->size());
    for (const double number : *numbers) out.real(number);
  }
}

void pack_tables(Packer& out, const Workload& w) {
  for (const auto* names : {&w.users, &w.groups, &w.queues, &w.gpu_types}) {
    out.number(names->size());
    for (const auto& name : *names) out.text(name);
  }
  out.number(w.speeds.size());
  for (const SpeedModel& model : w.speeds) pack_speed(out, model);
  out.number(w.machine_nodes);
  out.number(w.machine_processors);
  out.number(w.kinds.size());
  for (const JobKind& kind : w.kinds) pack_kind(out, kind);
}

void pack_job(Packer& out, const JobSpec& spec, const JobTruth& truth) {
  out.text(spec.name);
  out.signed_number(spec.submit.ns);
  out.number(spec.tasks);
  out.number(spec.min_tasks);
  out.number(spec.max_tasks);
  out.number(static_cast<uint64_t>(spec.flexibility));
  out.signed_number(spec.each.cpu_milli);
  out.signed_number(spec.each.memory_mib);
  out.number(static_cast<uint64_t>(spec.each.gpus));
  out.number(static_cast<uint64_t>(spec.each.gpu_milli));
  out.signed_number(spec.each.gpu_memory_mib);
  out.number(spec.each.gpu_types);
  out.signed_number(spec.requested_time.ns);
  out.signed_number(spec.priority);
  out.number(spec.user);
  out.number(spec.group);
  out.number(spec.queue);
  out.signed_number(spec.think_time.ns);
  out.number(spec.after.size());
  for (const JobId job : spec.after) out.number(job.index);
  out.signed_number(truth.run_time.ns);
  out.number(static_cast<uint64_t>(truth.end));
  out.signed_number(truth.cancel_at.ns);
  out.number(truth.speed);
  out.signed_number(spec.deadline.ns);
  out.number(spec.kind);
}

}  // namespace

void write_csv(const Workload& w, ByteSink& sink) {
  require_valid(w);
  std::string out;
  if (w.machine_nodes != 0) out += "# machine_nodes: " + std::to_string(w.machine_nodes) + "\n";
  if (w.machine_processors != 0) {
    out += "# machine_processors: " + std::to_string(w.machine_processors) + "\n";
  }
  if (!w.gpu_types.empty()) {
    out += "# gpu_types: " + types_text(UINT32_MAX, w.gpu_types) + "\n";
  }
  for (size_t i = 1; i < w.kinds.size(); ++i) out += "# kind: " + kind_text(w.kinds[i]) + "\n";
  for (size_t i = 0; i < kCsvColumns; ++i) {
    if (i > 0) out += ',';
    out += kCsvColumnNames[i];
  }
  out += '\n';
  for (size_t i = 0; i < w.size(); ++i) {
    append_csv_row(out, w, i);
    if (out.size() < kChunk) continue;
    sink.write(out);
    out.clear();
  }
  sink.write(out);
}

void write_csv(const Workload& workload, const std::string& path) {
  FileSink sink(path);
  write_csv(workload, sink);
  sink.close();
}

void write_binary(const Workload& w, ByteSink& sink) {
  require_valid(w);
  sink.write(binary_start());
  Packer packer;
  pack_tables(packer, w);
  put_block(sink, BlockKind::kTables, packer);
  for (size_t i = 0; i < w.size(); ++i) {
    pack_job(packer, w.specs[i], w.truths[i]);
    if (packer.bytes().size() >= kChunk || i + 1 == w.size()) {
      put_block(sink, BlockKind::kJobs, packer);
    }
  }
  packer.number(w.size());
  put_block(sink, BlockKind::kEnd, packer);
}

void write_binary(const Workload& workload, const std::string& path) {
  FileSink sink(path);
  write_binary(workload, sink);
  sink.close();
}

}  // namespace orrery::traces
