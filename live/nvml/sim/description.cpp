#include "live/nvml/sim/description.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <numbers>
#include <stdexcept>
#include <yaml-cpp/yaml.h>

#include "live/nvml/abi.hpp"

namespace orrery::live::nvml_sim {

namespace {

using Node = YAML::Node;

/// The file that is being read, for messages.
struct Reader {
  std::string file;

  [[noreturn]] void fail(const Node& node, const std::string& expected,
                         const std::string& found) const {
    const YAML::Mark mark = node.Mark();
    throw std::runtime_error(file + ":" + std::to_string(mark.line + 1) + ":" +
                             std::to_string(mark.column + 1) + ": expected " + expected +
                             ", found " + found);
  }

  std::string text(const Node& node) const {
    if (!node.IsScalar()) fail(node, "text", "a list or a map");
    return node.Scalar();
  }

  template <class T>
  T number(const Node& node, T low, T high, const std::string& what) const {
    T value{};
    if (!node.IsScalar() || !YAML::convert<T>::decode(node, value) || !(value >= low) ||
        !(value <= high)) {
      fail(node, what, node.IsScalar() ? "\"" + node.Scalar() + "\"" : "a list or a map");
    }
    return value;
  }
  uint64_t count(const Node& node, uint64_t most) const {
    // yaml-cpp takes "-1" for a large number.
    if (node.IsScalar() && node.Scalar().starts_with("-")) fail(node, "0 or more", node.Scalar());
    return number<uint64_t>(node, 0, most, "a whole number up to " + std::to_string(most));
  }
  double seconds(const Node& node) const {
    return number<double>(node, 0, 1e9, "seconds, 0 or more");
  }
  bool yes(const Node& node) const {
    bool value = false;
    if (!node.IsScalar() || !YAML::convert<bool>::decode(node, value)) {
      fail(node, "true or false", "something else");
    }
    return value;
  }

  using Keys = std::map<std::string, std::function<void(const Node&)>>;
  /// Hands each value of a map to the reader of its key.
  void map(const Node& node, const Keys& keys) const {
    if (!node.IsMap()) fail(node, "a map", "something else");
    for (const auto& pair : node) {
      const std::string key = text(pair.first);
      const auto found = keys.find(key);
      if (found == keys.end()) {
        std::string known;
        for (const auto& [name, unused] : keys) known += (known.empty() ? "" : ", ") + name;
        fail(pair.first, "one of " + known, "\"" + key + "\"");
      }
      found->second(pair.second);
    }
  }
  void list(const Node& node, const std::function<void(const Node&)>& read) const {
    if (!node.IsSequence()) fail(node, "a list", "something else");
    for (const Node& item : node) read(item);
  }

  Wave wave(const Node& node, double most) const {
    Wave wave;
    auto value = [&](const Node& n) {
      return number<double>(n, 0, most, "a number from 0 to " + std::to_string(int(most)));
    };
    if (node.IsScalar()) {
      wave.low = wave.high = value(node);
      return wave;
    }
    map(node, {{"low", [&](const Node& n) { wave.low = value(n); }},
               {"high", [&](const Node& n) { wave.high = value(n); }},
               {"period_seconds", [&](const Node& n) { wave.period = seconds(n); }},
               {"phase_seconds", [&](const Node& n) { wave.phase = seconds(n); }}});
    return wave;
  }

  Process process(const Node& node) const {
    Process process;
    const std::map<std::string, Process::Kind> kinds{{"compute", Process::Kind::kCompute},
                                                     {"graphics", Process::Kind::kGraphics},
                                                     {"mps", Process::Kind::kMps}};
    map(node, {{"pid", [&](const Node& n) { process.pid = uint32_t(count(n, 4'194'304)); }},
               {"memory_mib", [&](const Node& n) { process.memory_mib = count(n, 10'000'000); }},
               {"slice", [&](const Node& n) { process.slice = uint32_t(count(n, kMostSlices)); }},
               {"kind", [&](const Node& n) {
                  const auto found = kinds.find(text(n));
                  if (found == kinds.end()) fail(n, "compute, graphics or mps", text(n));
                  process.kind = found->second;
                }}});
    return process;
  }

  Slice slice(const Node& node) const {
    Slice slice;
    map(node, {{"profile", [&](const Node& n) { slice.profile = text(n); }},
               {"memory_mib", [&](const Node& n) { slice.memory_mib = count(n, 10'000'000); }}});
    return slice;
  }

  uint64_t throttle(const Node& node) const {
    uint64_t bits = 0;
    list(node, [&](const Node& n) {
      uint64_t bit = 0;
      std::string known;
      for (const nvml::ThrottleReason& reason : nvml::kThrottleReasons) {
        if (text(n) == reason.name) bit = reason.bit;
        known += (known.empty() ? "" : ", ") + std::string(reason.name);
      }
      if (bit == 0) fail(n, "one of " + known, text(n));
      bits |= bit;
    });
    return bits;
  }

  Reader::Keys gpu_keys(Gpu& gpu, uint64_t& copies) const {
    return {
        {"model", [](const Node&) {}},  // read first: it sets the defaults of all others
        {"count", [&](const Node& n) { copies = count(n, kMostGpus); }},
        {"name", [&](const Node& n) { gpu.name = text(n); }},
        {"uuid", [&](const Node& n) { gpu.uuid = text(n); }},
        {"memory_mib", [&](const Node& n) { gpu.memory_mib = count(n, 10'000'000); }},
        {"busy_percent", [&](const Node& n) { gpu.busy_percent = wave(n, 100); }},
        {"memory_busy_percent", [&](const Node& n) { gpu.memory_busy_percent = wave(n, 100); }},
        {"temperature_celsius", [&](const Node& n) { gpu.temperature_celsius = wave(n, 200); }},
        {"idle_watts", [&](const Node& n) { gpu.idle_watts = number<double>(n, 0, 1e5, "watts"); }},
        {"max_watts", [&](const Node& n) { gpu.max_watts = number<double>(n, 0, 1e5, "watts"); }},
        {"throttle", [&](const Node& n) { gpu.throttle_reasons = throttle(n); }},
        {"mig", [&](const Node& n) { gpu.mig = yes(n); }},
        {"slices",
         [&](const Node& n) {
           list(n, [&](const Node& item) { gpu.slices.push_back(slice(item)); });
         }},
        {"ecc_corrected", [&](const Node& n) { gpu.ecc_corrected = count(n, 1ULL << 60U); }},
        {"ecc_uncorrected", [&](const Node& n) { gpu.ecc_uncorrected = count(n, 1ULL << 60U); }},
        {"processes",
         [&](const Node& n) {
           list(n, [&](const Node& item) { gpu.processes.push_back(process(item)); });
         }},
    };
  }

  void gpu(const Node& node, std::vector<Gpu>& out) const {
    Gpu gpu;
    const std::string key = node.IsMap() && node["model"] ? text(node["model"]) : "A100-80GB";
    gpu.product = find_product(key);
    if (gpu.product == nullptr) fail(node["model"], "one of " + product_keys(), "\"" + key + "\"");
    gpu.name = gpu.product->name;
    gpu.memory_mib = gpu.product->memory_mib;
    gpu.idle_watts = gpu.product->idle_watts;
    gpu.max_watts = gpu.product->max_watts;
    uint64_t copies = 1;
    map(node, gpu_keys(gpu, copies));
    if (gpu.mig && !gpu.product->mig) fail(node, "a model that can do MIG", key);
    if (gpu.slices.size() > kMostSlices) fail(node, "at most 8 slices", "more");
    for (uint32_t i = 0; i < gpu.slices.size(); ++i) gpu.slices[i].gpu_instance = i + 1;
    for (const Process& process : gpu.processes) {
      if (process.slice && *process.slice >= gpu.slices.size()) {
        fail(node, "a slice of this GPU", std::to_string(*process.slice));
      }
    }
    if (copies > 1 && !gpu.uuid.empty()) fail(node, "no uuid where count is above 1", gpu.uuid);
    if (out.size() + copies > kMostGpus) fail(node, "at most 64 GPUs", "more");
    for (uint64_t i = 0; i < copies; ++i) {
      out.push_back(gpu);
      if (!gpu.uuid.empty()) continue;
      // The same description gives the same names.
      char uuid[64];
      std::snprintf(uuid, sizeof(uuid), "GPU-0441e000-0000-4000-8000-%012zx", out.size() - 1);
      out.back().uuid = uuid;
    }
  }

  Fault fault(const Node& node, size_t gpus) const {
    Fault fault;
    int kinds = 0;
    auto is = [&](Fault::Kind kind, uint64_t value) {
      fault.kind = kind;
      fault.value = value;
      ++kinds;
    };
    auto flag = [&](Fault::Kind kind) {
      return [&, kind](const Node& n) {
        if (!yes(n)) fail(n, "true", "false");
        is(kind, 0);
      };
    };
    auto with_count = [&](Fault::Kind kind) {
      return [&, kind](const Node& n) { is(kind, count(n, 1'000'000'000)); };
    };
    map(node, {{"at_seconds", [&](const Node& n) { fault.at = seconds(n); }},
               {"for_seconds", [&](const Node& n) { fault.lasts = seconds(n); }},
               {"gpu", [&](const Node& n) { fault.gpu = uint32_t(count(n, gpus - 1)); }},
               {"call", [&](const Node& n) { fault.call = text(n); }},
               {"xid", with_count(Fault::Kind::kXid)},
               {"ecc_corrected", with_count(Fault::Kind::kEccCorrected)},
               {"ecc_uncorrected", with_count(Fault::Kind::kEccUncorrected)},
               {"lost", flag(Fault::Kind::kLost)},
               {"needs_reset", flag(Fault::Kind::kNeedsReset)},
               {"blocked", flag(Fault::Kind::kBlocked)},
               {"slow_ms", with_count(Fault::Kind::kSlow)},
               {"hang", flag(Fault::Kind::kHang)},
               {"missing", flag(Fault::Kind::kMissing)}});
    if (kinds != 1) fail(node, "exactly one kind of fault", std::to_string(kinds));
    return fault;
  }
};

Node load(const std::filesystem::path& file) {
  try {
    return YAML::LoadFile(file.string());
  } catch (const YAML::BadFile&) {
    throw std::runtime_error(file.string() + ": expected a description of GPUs, found no file");
  } catch (const YAML::Exception& e) {
    throw std::runtime_error(file.string() + ": " + e.what());
  }
}

}  // namespace

double Wave::at(double seconds) const {
  if (period <= 0) return low;
  const double turn = 2 * std::numbers::pi * (seconds + phase) / period;
  return low + (high - low) * (1 - std::cos(turn)) / 2;
}

double Wave::integral(double seconds) const {
  if (period <= 0) return low * seconds;
  const double speed = 2 * std::numbers::pi / period;
  auto antiderivative = [&](double t) {
    return low * t + (high - low) / 2 * (t - std::sin(speed * t) / speed);
  };
  return antiderivative(seconds + phase) - antiderivative(phase);
}

bool Fault::about(const std::string& name) const {
  if (call.empty()) return !name.starts_with("nvmlEventSetWait");
  if (name == call) return true;
  return kind != Kind::kMissing && name.starts_with(call + "_v");
}

Description read_description(const std::filesystem::path& file) {
  const Reader reader{file.string()};
  const Node root = load(file);
  Description d;
  Node faults;
  reader.map(root,
             {{"driver", [&](const Node& n) { d.driver = reader.text(n); }},
              {"cuda",
               [&](const Node& n) {
                 const double version = reader.number<double>(n, 1, 99, "like 12.4");
                 const int major = int(version);
                 d.cuda = major * 1000 + int((version - major) * 10 + 0.5) * 10;
               }},
              {"process_record_bytes",
               [&](const Node& n) {
                 d.record_bytes = uint32_t(reader.count(n, 32));
                 if (d.record_bytes != 24 && d.record_bytes != 32) {
                   reader.fail(n, "24 or 32", n.Scalar());
                 }
               }},
              {"control", [&](const Node& n) { d.control = file.parent_path() / reader.text(n); }},
              {"gpus",
               [&](const Node& n) {
                 reader.list(n, [&](const Node& item) { reader.gpu(item, d.gpus); });
               }},
              {"faults", [&](const Node& n) { faults.reset(n); }}});
  if (faults.IsDefined() && !faults.IsNull()) {
    reader.list(faults, [&](const Node& item) {
      d.faults.push_back(reader.fault(item, std::max<size_t>(d.gpus.size(), 1)));
    });
  }
  return d;
}

std::vector<Fault> read_control(const std::filesystem::path& file, size_t gpus) {
  const Reader reader{file.string()};
  std::vector<Fault> faults;
  const Node root = load(file);
  if (root.IsNull()) return faults;
  reader.list(root, [&](const Node& item) {
    faults.push_back(reader.fault(item, std::max<size_t>(gpus, 1)));
  });
  return faults;
}

}  // namespace orrery::live::nvml_sim
