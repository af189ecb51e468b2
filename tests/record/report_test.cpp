// The report in a real browser: what its code wrote into the page.
#include "record/report.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "fixture.hpp"
#include "record/report_data.hpp"

namespace orrery::record {
namespace {

std::string output_of(const std::string& command) {
  std::string out;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  char chunk[65536];
  while (size_t got = std::fread(chunk, 1, sizeof chunk, pipe)) out.append(chunk, got);
  ::pclose(pipe);
  return out;
}

std::string browser() {
  for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
    std::string path = output_of(std::string("command -v ") + name + " 2>/dev/null");
    if (!path.empty()) return path.substr(0, path.find('\n'));
  }
  return "";
}

// The page after its code has run, and what its console said.
struct Page {
  std::string dom;
  std::string console;

  bool has(const std::string& text) const { return dom.find(text) != std::string::npos; }
};

Page open_page(const TestFolder& folder, const std::filesystem::path& page) {
  std::string log = (folder / "log").string();
  std::string command =
      "HOME=" + folder.path().string() + " timeout 240 " + browser() +
      " --headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
      " --disable-background-networking --disable-component-update --disable-sync"
      " --disable-dev-shm-usage --user-data-dir=" + (folder / "profile").string() +
      " --enable-logging=stderr --window-size=1400,2400 --virtual-time-budget=10000 --dump-dom"
      " file://" + page.string() + " 2>" + log;
  Page result{output_of(command), ""};
  std::ifstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("CONSOLE") != std::string::npos) result.console += line + "\n";
  }
  return result;
}

// `jobs` jobs on one node of 1,024 cores, one after the other on one of 64 lanes of 16 cores.
void record_many(const std::filesystem::path& folder, uint32_t jobs) {
  auto workload = std::make_shared<Workload>();
  workload->users = {"-"};
  for (int user = 0; user < 20; ++user) workload->users.push_back("user" + std::to_string(user));
  for (uint32_t i = 0; i < jobs; ++i) add_job(*workload, i, 16).user = 1 + i % 20;
  RecorderOptions options;
  options.folder = folder;
  Recorder recorder(make_cluster(1, 1024), workload, options);
  Teller tell(recorder, *workload);
  // Job i arrives at i, starts at i + 1 and ends at i + 65.
  for (uint32_t now = 0; now < jobs + 65; ++now) {
    if (now >= 65) {
      tell.stop(now, now - 65, ExitCause::kDone);
      tell.end(now, now - 65, now % 10 == 0 ? FinalState::kFailed : FinalState::kCompleted);
    }
    if (now >= 1 && now <= jobs) {
      tell.decide(now, now - 1, DecisionKind::kStart, {ReasonCode::kBackfilled, 5, 0});
      tell.start(now, now - 1, {Part{0, 16, {}}});
    }
    if (now < jobs) tell.arrive(now, now);
  }
  recorder.finish(run_info(jobs + 65));
}

// Uses the page as a person would and leaves what it sees in the page.
constexpr const char* kVisit = R"(<script>
const frames = () => new Promise((done) => setTimeout(done, 300));
const say = (key, value) => document.body.dataset[key] = value;
async function visit() {
  const search = document.getElementById('search');
  search.value = '77777';
  search.dispatchEvent(new Event('input'));
  say('foundFirst', document.querySelector('#found tbody tr').textContent);
  document.querySelector('#found tbody tr').click();
  await frames();
  say('seenFocused', document.body.dataset.ganttSeen);
  const gantt = document.getElementById('gantt');
  const box = gantt.getBoundingClientRect();
  const at = { clientX: box.left + 700, clientY: box.top + 200, bubbles: true, cancelable: true };
  gantt.dispatchEvent(new PointerEvent('pointermove', at));
  say('tip', document.getElementById('tip').textContent);
  gantt.dispatchEvent(new MouseEvent('dblclick', at));
  document.getElementById('colour').value = 'wait';
  document.getElementById('colour').dispatchEvent(new Event('change'));
  await frames();
  say('seenAll', document.body.dataset.ganttSeen);
  gantt.dispatchEvent(new WheelEvent('wheel', { ...at, deltaY: -500 }));
  await frames();
  say('seenZoomed', document.body.dataset.ganttSeen);
}
visit();
</script>)";

std::string value_of(const Page& page, const std::string& key) {
  std::string start = " data-" + key + "=\"";
  size_t at = page.dom.find(start);
  if (at == std::string::npos) return "(none)";
  at += start.size();
  return page.dom.substr(at, page.dom.find('"', at) - at);
}

TEST(Report, AHundredThousandJobsInABrowser) {
  if (browser().empty()) GTEST_SKIP() << "no chromium on this system: the report is not looked at";
  TestFolder folder;
  record_many(folder / "run", 100'000);
  std::string page = read_file(folder / "run" / "report.html");
  OutputFile visited(folder / "visited.html");
  visited.write(page);
  visited.write(kVisit);
  visited.commit();
  Page seen = open_page(folder, folder / "visited.html");
  EXPECT_EQ(seen.console, "");
  ASSERT_NE(seen.dom, "") << "the browser did not answer";
  EXPECT_EQ(value_of(seen, "gantt-drawn"), "true");
  EXPECT_EQ(value_of(seen, "jobs"), "100000");
  EXPECT_EQ(value_of(seen, "gantt-bars"), "100000");
  EXPECT_EQ(value_of(seen, "seen-all"), "100000");
  EXPECT_LT(std::stoi(value_of(seen, "seen-focused")), 1000);
  EXPECT_LT(std::stoi(value_of(seen, "seen-zoomed")), 100'000);
  std::string found = value_of(seen, "found-first");
  EXPECT_TRUE(found.starts_with("77777user16")) << found;
  EXPECT_TRUE(value_of(seen, "tip").starts_with("Job 777")) << value_of(seen, "tip");
  EXPECT_NE(value_of(seen, "tip").find("backfilled"), std::string::npos) << value_of(seen, "tip");
  EXPECT_TRUE(seen.has("hand-made"));
  EXPECT_TRUE(seen.has("Utilisation of cores"));
  EXPECT_TRUE(seen.has("id=\"sampled\" class=\"notice\" hidden"));
}

TEST(Report, SaysThatItHoldsASampleOnly) {
  if (browser().empty()) GTEST_SKIP() << "no chromium on this system: the report is not looked at";
  TestFolder folder;
  record_many(folder / "run", 250'000);
  Page seen = open_page(folder, folder / "run" / "report.html");
  EXPECT_EQ(seen.console, "");
  EXPECT_EQ(value_of(seen, "jobs"), "125000");
  EXPECT_TRUE(seen.has("every 2nd job, 125,000 of 250,000")) << seen.dom.substr(0, 3000);
}

TEST(Report, ReadsWithoutCode) {
  TestFolder folder;
  record_many(folder / "run", 100);
  std::string page = read_file(folder / "run" / "report.html");
  EXPECT_EQ(page.find("{{"), std::string::npos) << "a slot of the template was not filled";
  EXPECT_EQ(page.find("/*{{"), std::string::npos);
  std::string before_code = page.substr(0, page.find("<script"));
  EXPECT_NE(before_code.find("<title>hand-made · fcfs, first-fit</title>"), std::string::npos);
  EXPECT_NE(before_code.find("<th scope=\"row\">Bounded slowdown</th>"), std::string::npos);
  // Nothing is fetched from anywhere.
  EXPECT_EQ(page.find("https://"), std::string::npos);
  EXPECT_EQ(page.find("src="), std::string::npos);
}

TEST(JobsPacking, TickIsTheLargestThatDividesAllTimes) {
  Rows rows;
  auto workload = std::make_shared<Workload>();
  add_job(*workload, 10, 1);
  add_job(*workload, 20, 1).submit.ns += 5'000'000;
  rows.workload = workload;
  rows.cluster = make_cluster(1, 1);
  rows.jobs.resize(2);
  for (JobRow& row : rows.jobs) row.phase = JobPhase::kPending;
  EXPECT_EQ(packing_of(rows, Instant::seconds(10), Instant::seconds(30)).tick_ns, 1'000'000);
  rows.jobs[1].phase = JobPhase::kUnseen;
  JobsPacking packed = packing_of(rows, Instant::seconds(10), Instant::seconds(30));
  EXPECT_EQ(packed.tick_ns, 1'000'000'000);
  EXPECT_EQ(packed.kept, 1u);
}

// They are written a little at a time; the seams must not show.
TEST(PackedJobs, AreOneBase64Text) {
  Rows rows;
  auto workload = std::make_shared<Workload>();
  for (int i = 0; i < 20'000; ++i) add_job(*workload, 10 + i, 1);
  rows.workload = workload;
  rows.cluster = make_cluster(1, 1);
  rows.jobs.resize(20'000);
  for (JobRow& row : rows.jobs) row.phase = JobPhase::kPending;
  TestFolder folder;
  OutputFile out(folder / "text");
  const Instant begin = Instant::seconds(10);
  put_jobs(out, rows, begin, begin, packing_of(rows, begin, begin));
  out.commit();
  const std::string text = read_file(folder / "text");
  EXPECT_GT(text.size(), 2u * 64 * 1024);
  EXPECT_EQ(text.size() % 4, 0u);
  EXPECT_GE(text.find('='), text.size() - 2) << "padding stands at the end alone";
}

TEST(Base64, ThePublishedVectors) {  // RFC 4648, section 10
  TestFolder folder;
  OutputFile out(folder / "text");
  for (std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    put_base64(out, reinterpret_cast<const uint8_t*>(text.data()), text.size());
    out.write(" ");
  }
  out.commit();
  EXPECT_EQ(read_file(folder / "text"), " Zg== Zm8= Zm9v Zm9vYg== Zm9vYmE= Zm9vYmFy ");
}

}  // namespace
}  // namespace orrery::record
