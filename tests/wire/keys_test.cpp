// Keys as files: made once, readable by their owner alone, refused with a line when they are wrong.
#include "live/wire/keys.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/error.hpp"

namespace orrery::live {
namespace {

namespace fs = std::filesystem;

class Keys : public testing::Test {
 protected:
  Keys()
      : folder_(fs::temp_directory_path() /
                ("orrery-keys-" + std::to_string(getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::create_directories(folder_);
  }
  ~Keys() override { fs::remove_all(folder_); }

  fs::path file_with(const std::string& text) {
    fs::path path = folder_ / "file";
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0600);
    return path;
  }

  fs::path folder_;
};

template <class F>
std::string complaint(F f) {
  try {
    f();
  } catch (const InputError& e) {
    return e.what();
  }
  return "no complaint";
}

TEST_F(Keys, AreWrittenAndReadBack) {
  KeyPair keys = generate_keys();
  EXPECT_TRUE(is_key(keys.public_key));
  EXPECT_EQ(public_key_of(keys.secret_key), keys.public_key);
  EXPECT_NE(generate_keys().secret_key, keys.secret_key);
  KeyFiles files = write_keys(folder_, "node-3", Role::kAgent, keys);
  struct stat about {};
  ASSERT_EQ(::stat(files.secret.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  EXPECT_EQ(read_secret(files.secret).secret_key, keys.secret_key);
  EXPECT_EQ(read_authorised(files.public_),
            (std::vector<Authorised>{{Role::kAgent, "node-3", keys.public_key}}));
  EXPECT_NE(complaint([&] { read_controller_key(files.public_); }).find("a key of another role"),
            std::string::npos);
}

TEST_F(Keys, AreNeverOverwritten) {
  write_keys(folder_, "c", Role::kController, generate_keys());
  EXPECT_NE(complaint([&] {
              write_keys(folder_, "c", Role::kController, generate_keys());
            }).find("never overwritten"),
            std::string::npos);
  fs::remove(folder_ / "c.public");
  EXPECT_NE(complaint([&] {
              write_keys(folder_, "c", Role::kController, generate_keys());
            }).find("c.secret: expected no file"),
            std::string::npos);
  EXPECT_THROW(write_keys(folder_ / "missing", "c", Role::kAgent, generate_keys()),
               EnvironmentError);
}

TEST_F(Keys, ThatOthersCanReadAreRefused) {
  KeyFiles files = write_keys(folder_, "c", Role::kController, generate_keys());
  ::chmod(files.secret.c_str(), 0640);
  EXPECT_NE(complaint([&] { read_secret(files.secret); }).find("chmod 600"), std::string::npos);
}

TEST_F(Keys, OfOtherShapesAreRefusedWithoutRepeatingThem) {
  KeyPair one = generate_keys();
  KeyPair two = generate_keys();
  EXPECT_NE(complaint([&] {
              read_secret(file_with("hush " + one.secret_key + "\n"));
            }).find("file:1: expected \"public\" or \"secret\""),
            std::string::npos);
  EXPECT_EQ(complaint([&] {
              read_secret(file_with("hush " + one.secret_key + "\n"));
            }).find(one.secret_key),
            std::string::npos);
  EXPECT_NE(complaint([&] {
              read_secret(file_with("public " + one.public_key + "\n"));
            }).find("expected a line \"secret KEY\""),
            std::string::npos);
  std::string mixed = "public " + one.public_key + "\nsecret " + two.secret_key + "\n";
  EXPECT_NE(complaint([&] { read_secret(file_with(mixed)); }).find("belongs to the secret one"),
            std::string::npos);
  EXPECT_THROW(read_secret(folder_ / "none"), EnvironmentError);
}

TEST_F(Keys, MakeAListOfAuthorisedPeersByCat) {
  std::string a = generate_keys().public_key;
  std::string b = generate_keys().public_key;
  std::string text = "# people\nuser ada " + a + "\n\n  agent\tnode-1  " + b + " \r\n";
  EXPECT_EQ(parse_authorised(text, "list"),
            (std::vector<Authorised>{{Role::kUser, "ada", a}, {Role::kAgent, "node-1", b}}));
}

TEST_F(Keys, AListSaysWhichLineIsWrong) {
  std::string a = generate_keys().public_key;
  std::string b = generate_keys().public_key;
  struct Case {
    std::string text;
    const char* complaint;
  };
  for (const Case& c : {
           Case{"\nuser ada\n", "list:2: expected three words, found 2"},
           Case{"root ada " + a, "list:1: expected agent, user, operator, admin or controller"},
           Case{"user ../ada " + a, "list:1: expected a name of letters"},
           Case{"user ada short", "list:1: expected a key of 40 characters"},
           Case{"user ada " + a + "\nuser bob " + a, "list:2: expected each key once"},
           Case{"agent n " + a + "\nagent n " + b, "list:2: expected one key a node"},
       }) {
    EXPECT_EQ(complaint([&] { parse_authorised(c.text, "list"); }).rfind(c.complaint, 0), 0u)
        << c.text << complaint([&] { parse_authorised(c.text, "list"); });
  }
}

}  // namespace
}  // namespace orrery::live
