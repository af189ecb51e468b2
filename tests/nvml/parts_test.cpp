// The parts: the thread with a deadline, process records, containers by cgroup, XIDs.
#include <atomic>
#include <gtest/gtest.h>
#include <mutex>
#include <rapidcheck/gtest.h>

#include "live/nvml/call_thread.hpp"
#include "live/nvml/container_of.hpp"
#include "live/nvml/processes.hpp"
#include "live/nvml/xid.hpp"
#include "tests/nvml/support.hpp"

namespace orrery::live::nvml {
namespace {

using namespace testing;

TEST(CallThread, GivesWhatAJobGives) {
  CallThread thread;
  CallThread::End end{};
  EXPECT_EQ(thread.ask<int>([] { return 7; }, kPatient, end), 7);
  EXPECT_EQ(end, CallThread::End::kDone);
}

TEST(CallThread, IsHungForAsLongAsALateJobIsOut) {
  auto gate = std::make_shared<std::mutex>();
  std::unique_lock shut(*gate);
  CallThread thread;
  auto stuck = [gate] { std::lock_guard lock(*gate); };
  EXPECT_EQ(thread.run(stuck, milliseconds(20)), CallThread::End::kTimedOut);
  EXPECT_TRUE(thread.hung());
  EXPECT_EQ(thread.run([] {}, kPatient), CallThread::End::kHung);
  shut.unlock();
  EXPECT_TRUE(eventually([&] { return !thread.hung(); }));
  EXPECT_EQ(thread.run([] {}, kPatient), CallThread::End::kDone);
}

TEST(CallThread, LeavesALateJobBehindWithAllThatItOwns) {
  auto gate = std::make_shared<std::mutex>();
  auto begun = std::make_shared<std::atomic<bool>>(false);
  auto done = std::make_shared<std::atomic<bool>>(false);
  std::unique_lock shut(*gate);
  {
    CallThread thread;
    auto stuck = [gate, begun, done] {
      *begun = true;
      std::lock_guard lock(*gate);
      *done = true;
    };
    EXPECT_EQ(thread.run(stuck, milliseconds(20)), CallThread::End::kTimedOut);
    EXPECT_TRUE(eventually([&] { return begun->load(); }));
  }
  shut.unlock();
  EXPECT_TRUE(eventually([&] { return done->load(); }));
}

RC_GTEST_PROP(ProcessRecords, TheirSizeIsFoundFromWhatWasWritten, ()) {
  const size_t each = *rc::gen::element<size_t>(16, 24, 32);
  const size_t count = *rc::gen::inRange<size_t>(1, 200);
  std::vector<uint8_t> buffer((count + 8) * kLargestRecord, kUntouched);
  for (size_t i = 0; i < count * each; ++i) buffer[i] = *rc::gen::arbitrary<uint8_t>();
  // The end of a record is a count or an id; what is known of it is that it is written.
  buffer[count * each - 1] = 0;
  RC_ASSERT(record_bytes(buffer, count) == each);
}

TEST(ContainerOfPid, KnowsThePathsOfTheEngines) {
  const std::string id(64, 'a');
  const std::string other = std::string(63, '1') + "f";
  EXPECT_EQ(container_id_in("0::/system.slice/docker-" + id + ".scope\n"), id);
  EXPECT_EQ(container_id_in("4:memory:/docker/" + id + "\n3:cpu:/\n"), id);
  EXPECT_EQ(container_id_in("3:cpu:/\n4:memory:/docker/" + id + "\n"), id);
  EXPECT_EQ(container_id_in("0::/machine.slice/libpod-" + id + ".scope/container\n"), id);
  EXPECT_EQ(container_id_in("0::/libpod_parent/libpod-" + id + "\n"), id);
  EXPECT_EQ(
      container_id_in("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + id + ".scope\n"),
      id);
  EXPECT_EQ(container_id_in("0::/docker/" + other + "/docker/" + id + "\n"), id) << "the innermost";
  EXPECT_EQ(container_id_in("0::/machine.slice/libpod-conmon-" + id + ".scope\n"), "");
}

TEST(ContainerOfPid, FindsNoneWhereThereIsNone) {
  EXPECT_EQ(container_id_in(""), "");
  EXPECT_EQ(container_id_in("0::/user.slice/user-1000.slice/session-2.scope\n"), "");
  EXPECT_EQ(container_id_in("0::/" + std::string(63, 'a') + "\n"), "");
  EXPECT_EQ(container_id_in("0::/" + std::string(64, 'g') + "\n"), "");
  EXPECT_EQ(container_id_in("0::/x" + std::string(64, 'a') + "\n"), "") << "part of a longer word";
  EXPECT_EQ(container_id_in("no colons at all"), "");
}

RC_GTEST_PROP(ContainerOfPid, SurvivesAnyText, (const std::string& text)) {
  const std::string id = container_id_in(text);
  RC_ASSERT(id.empty() || id.size() == 64U);
}

TEST(ContainerOfPid, ReadsTheFileOfTheProcess) {
  const Folder proc;
  std::filesystem::create_directories(proc / "812");
  std::ofstream((proc / "812") / "cgroup") << "0::/docker/" << std::string(64, 'c') << "\n";
  EXPECT_EQ(container_id_of(812, proc.path()), std::string(64, 'c'));
  EXPECT_EQ(container_id_of(813, proc.path()), "") << "gone";
}

TEST(Xid, ApplicationsFaultsAreNotTheGpus) {
  for (const uint64_t xid : {13, 31, 43, 45, 68, 109}) {
    EXPECT_EQ(meaning_of_xid(xid).severity, XidSeverity::kApplication) << xid;
  }
  for (const uint64_t xid : {46, 48, 64, 79, 95, 119, 120}) {
    EXPECT_EQ(meaning_of_xid(xid).severity, XidSeverity::kCritical) << xid;
  }
  EXPECT_EQ(meaning_of_xid(4711).severity, XidSeverity::kCritical) << "unknown ones are taken ill";
  EXPECT_EQ(xid_text(79),
            "XID 79: GPU has fallen off the bus (critical); drain, then reboot the node");
}

}  // namespace
}  // namespace orrery::live::nvml
