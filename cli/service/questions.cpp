#include "cli/service/questions.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace orrery::cli {

namespace {

const char* word(live::ContainerFound::State state) {
  switch (state) {
    case live::ContainerFound::State::kCreated: return "created";
    case live::ContainerFound::State::kRunning: return "running";
    case live::ContainerFound::State::kPaused: return "paused";
    case live::ContainerFound::State::kExited: break;
  }
  return "exited";
}

}  // namespace

std::string log_name(const live::ContainerKey& key) {
  return std::to_string(key.job.index) + "-" + std::to_string(key.epoch) + "-" +
         std::to_string(key.part) + ".log";
}

std::string LogQuestion::text() const {
  return nlohmann::json{{"job", key.job.index},
                        {"attempt", key.epoch},
                        {"part", key.part},
                        {"from", from},
                        {"most", most}}
      .dump();
}

LogQuestion LogQuestion::parse(std::string_view text) {
  LogQuestion out;
  try {
    auto in = nlohmann::json::parse(text);
    in.at("job").get_to(out.key.job.index);
    in.at("attempt").get_to(out.key.epoch);
    in.at("part").get_to(out.key.part);
    in.at("from").get_to(out.from);
    in.at("most").get_to(out.most);
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(std::string("not a question for output: ") + error.what());
  }
  out.most = std::min(out.most, kMostLogBytes);
  return out;
}

std::string log_answer(const LogQuestion& question, const std::filesystem::path& logs,
                       const std::function<bool(const live::ContainerKey&)>& runs) {
  // Asked before the file is read: what it wrote up to its end is in there then.
  bool more_may_come = runs(question.key);
  std::string bytes;
  std::ifstream file(logs / log_name(question.key), std::ios::binary);
  if (file) {
    bytes.resize(question.most);
    file.seekg(static_cast<std::streamoff>(question.from));
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<size_t>(std::max<std::streamsize>(0, file.gcount())));
  }
  bool ended = !more_may_come && bytes.size() < question.most;
  nlohmann::json head{{"next", question.from + bytes.size()}, {"ended", ended}};
  return head.dump() + "\n" + bytes;
}

live::LogPiece parse_log_answer(std::string_view answer) {
  live::LogPiece piece;
  size_t end = answer.find('\n');
  try {
    auto head = nlohmann::json::parse(answer.substr(0, end));
    head.at("next").get_to(piece.next);
    head.at("ended").get_to(piece.ended);
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(std::string("the agent's answer can't be read: ") + error.what());
  }
  if (end != std::string_view::npos) piece.bytes = answer.substr(end + 1);
  return piece;
}

std::string inventory_answer(const std::vector<live::ContainerFound>& found) {
  std::string text;
  for (const live::ContainerFound& one : found) {
    text += std::to_string(one.key.job.index) + " " + std::to_string(one.key.epoch) + " " +
            std::to_string(one.key.part) + " " + word(one.state) + "\n";
  }
  return text;
}

}  // namespace orrery::cli
