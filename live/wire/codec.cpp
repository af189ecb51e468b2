#include "live/wire/codec.hpp"

#include <utility>

#include "actors/limits.hpp"
#include "live/wire/frames.hpp"
#include "live/wire/pack.hpp"
#include "live/wire/unpack.hpp"

namespace orrery::live {

namespace {

/// Times of jobs stay within a quarter of the range, so that sums of two do, too.
bool in_time(int64_t ns) { return ns >= 0 && ns <= INT64_MAX / 4; }

std::string fault_of_demand(const TaskDemand& each) {
  if (each.cpu_milli < 0 || each.memory_mib < 0 || each.gpu_memory_mib < 0) {
    return "demands less than nothing";
  }
  if (each.gpus < 0 || each.gpus > static_cast<int32_t>(limits::kGpusPerNode)) {
    return "demands more GPUs for a task than a node can have";
  }
  if (each.gpu_milli < 1 || each.gpu_milli > 1000) return "demands no valid share of a GPU";
  return "";
}

std::string fault_of_launch(const Launch& launch) {
  if (launch.command.empty() || launch.command.front().empty()) return "has no program to run";
  if (launch.command.size() > kMostTexts || launch.environment.size() > kMostTexts) {
    return "has too many arguments or variables";
  }
  if (launch.image.size() > kMostNameBytes || launch.directory.size() > kMostNameBytes ||
      !is_plain_text(launch.image) || !is_plain_text(launch.directory)) {
    return "has an image or a directory that is no name";
  }
  size_t bytes = 0;
  for (const auto* texts : {&launch.command, &launch.environment}) {
    for (const std::string& text : *texts) {
      if (text.find('\0') != std::string::npos)
        return "has an argument or variable with a zero byte";
      bytes += text.size();
    }
  }
  return bytes > kMostLaunchBytes ? "has more than 256 KiB of arguments and variables" : "";
}

/// The array header with a 32-bit count, written before the count is known.
constexpr size_t kCountBytes = 4;

}  // namespace

std::string fault_of_spec(const JobSpec& spec) {
  if (spec.name.size() > kMostNameBytes) return "has too long a name";
  if (!is_plain_text(spec.name)) return "has a name that is no printable text in UTF-8";
  if (spec.after.size() > kMostAfter) return "waits for too many jobs";
  if (spec.min_tasks < 1 || spec.tasks < spec.min_tasks || spec.max_tasks < spec.tasks ||
      spec.max_tasks > limits::kTasksPerJob) {
    return "has no valid number of tasks";
  }
  if (spec.flexibility == Flexibility::kRigid && spec.min_tasks != spec.max_tasks) {
    return "is rigid and has a range of sizes";
  }
  if (!in_time(spec.submit.ns) || !in_time(spec.think_time.ns)) return "has a time out of range";
  if (spec.requested_time != Duration::infinite() &&
      (spec.requested_time.ns == 0 || !in_time(spec.requested_time.ns))) {
    return "has a requested time out of range";
  }
  if (spec.deadline != Instant::never() && !in_time(spec.deadline.ns)) {
    return "has a deadline out of range";
  }
  if (spec.launch != nullptr) {
    if (std::string fault = fault_of_launch(*spec.launch); !fault.empty()) return fault;
  }
  return fault_of_demand(spec.each);
}

// ---- Encoding ----------------------------------------------------------------------------------

struct MailEncoder::Buffer {
  PackBuffer out;
  Packer packer{out};
  size_t count_at = 0;
};

MailEncoder::MailEncoder() : buffer_(new Buffer) {
  buffer_->out.bytes.reserve(2 * kFrameBytes);
  start();
}
MailEncoder::~MailEncoder() { delete buffer_; }

void MailEncoder::start() {
  count_ = 0;
  buffer_->out.bytes.clear();
  Packer& out = buffer_->packer;
  out.pack_map(3);
  pack_text(out, "v");
  pack_number(out, kWireMajor);
  pack_text(out, "kind");
  pack_text(out, "mail");
  pack_text(out, "mail");
  buffer_->out.bytes.push_back('\xdd');
  buffer_->count_at = buffer_->out.bytes.size();
  buffer_->out.bytes.append(kCountBytes, '\0');
}

bool MailEncoder::full() const {
  return buffer_->out.bytes.size() >= kFrameBytes || count_ == kMostMailPerFrame;
}

bool MailEncoder::add(const Envelope& envelope, KnownSpecs& known) {
  Packer& out = buffer_->packer;
  return std::visit(
      [&]<class M>(const M& message) {
        PackContext context;
        if constexpr (requires { message.spec; }) {
          if (!fault_of_spec(*message.spec).empty()) return false;
          // A new job has no number yet by which it could be named.
          if constexpr (!std::is_same_v<M, SubmitJob>) context.known = &known;
        }
        out.pack_map(4);
        pack_text(out, "from");
        pack_actor(out, envelope.from);
        pack_text(out, "to");
        pack_actor(out, envelope.to);
        pack_text(out, "type");
        pack_text(out, M::kName);
        pack_text(out, "body");
        pack_struct(out, message, context);
        ++count_;
        return true;
      },
      envelope.message);
}

std::string_view MailEncoder::finish() {
  std::string& bytes = buffer_->out.bytes;
  for (size_t i = 0; i < kCountBytes; ++i) {
    bytes[buffer_->count_at + i] = static_cast<char>(count_ >> (8 * (kCountBytes - 1 - i)));
  }
  return bytes;
}

// ---- Decoding ----------------------------------------------------------------------------------

/// An envelope with its message not yet decoded: its fields may come in any order.
struct MailDecoder::Parts {
  std::string_view from;
  std::string_view to;
  std::string_view type;
  std::string_view body;

  bool read(Reader& in) {
    uint32_t pairs = 0;
    if (!in.map(pairs)) return false;
    for (uint32_t i = 0; i < pairs; ++i) {
      std::string_view key;
      if (!in.key(key)) return false;
      if (key == "type") {
        if (!in.key(type)) return false;
        continue;
      }
      size_t start = in.at();
      if (!in.skip()) return false;
      std::string_view value = in.slice(start, in.at());
      if (key == "from") from = value;
      if (key == "to") to = value;
      if (key == "body") body = value;
    }
    return true;
  }
};

namespace {

/// Makes `out` the message of that name; false when there is none.
template <size_t I = 0>
bool emplace_named(std::string_view name, Message& out) {
  if constexpr (I == std::variant_size_v<Message>) {
    return false;
  } else {
    if (name != std::variant_alternative_t<I, Message>::kName) {
      return emplace_named<I + 1>(name, out);
    }
    out.emplace<I>();
    return true;
  }
}

}  // namespace

MailDecoder::Outcome MailDecoder::decode_one(std::string_view bytes, Envelope& out) {
  Reader in(bytes);
  Parts parts;
  auto fail = [&](const Unpacker& unpacker) {
    fault_ = std::string(is_plain_text(parts.type) ? parts.type.substr(0, 64) : "a message") +
             ": field " + std::string(unpacker.field()) + ": expected " +
             std::string(unpacker.expected());
    return Outcome::kUndecodable;
  };
  if (!parts.read(in) || parts.from.empty() || parts.to.empty() || parts.body.empty()) {
    fault_ = "an envelope: expected a map of from, to, type and body";
    return Outcome::kUndecodable;
  }
  Unpacker from(parts.from, nullptr, false, scratch_, missing_);
  if (!from.read(out.from)) return fail(from);
  Unpacker to(parts.to, nullptr, false, scratch_, missing_);
  if (!to.read(out.to)) return fail(to);
  if (!emplace_named(parts.type, out.message)) return Outcome::kUnknown;
  return std::visit(
      [&]<class M>(M& message) {
        constexpr bool kIsNew = std::is_same_v<M, SubmitJob>;
        Unpacker body(parts.body, kIsNew ? nullptr : catalogue_, !kIsNew, scratch_, missing_);
        return body.read_struct(message) ? Outcome::kDecoded : fail(body);
      },
      out.message);
}

MailCounts MailDecoder::decode(std::string_view mail, const Sink& sink) {
  MailCounts counts;
  missing_.clear();
  fault_.clear();
  Reader in(mail);
  uint32_t items = 0;
  if (!in.array(items) || items > kMostMailPerFrame) {
    fault_ = "mail: expected an array of at most 65536 envelopes";
    counts.undecodable = 1;
    return counts;
  }
  for (uint32_t i = 0; i < items; ++i) {
    const size_t start = in.at();
    if (!in.skip()) {  // parse_frame has seen to it that this can't be
      ++counts.undecodable;
      break;
    }
    Envelope envelope;
    switch (decode_one(in.slice(start, in.at()), envelope)) {
      case Outcome::kDecoded:
        ++counts.decoded;
        sink(envelope);
        break;
      case Outcome::kUndecodable: ++counts.undecodable; break;
      case Outcome::kUnknown: ++counts.unknown; break;
    }
  }
  return counts;
}

}  // namespace orrery::live
