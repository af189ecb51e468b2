// The reader against msgpack-c: every value that the library packs is read back or passed over.
#define MSGPACK_NO_BOOST
#include "live/wire/reader.hpp"

#include <gtest/gtest.h>
#include <msgpack.hpp>
#include <rapidcheck/gtest.h>

#include "tests/wire/support.hpp"

namespace orrery::live {
namespace {

template <class T>
std::string packed(const T& value) {
  msgpack::sbuffer out;
  msgpack::pack(out, value);
  return {out.data(), out.size()};
}

RC_GTEST_PROP(Reader, ReadsNumbersOfAllWidths, ()) {
  auto wide = any_number<uint64_t>() >> *rc::gen::inRange(0, 64);
  auto sign = any_number<int64_t>() >> *rc::gen::inRange(0, 64);
  std::string bytes = packed(wide) + packed(sign);
  Reader in(bytes);
  uint64_t unsigned_value = 0;
  int64_t signed_value = 0;
  RC_ASSERT(in.number(unsigned_value));
  RC_ASSERT(unsigned_value == wide);
  RC_ASSERT(in.number(signed_value));
  RC_ASSERT(signed_value == sign);
  RC_ASSERT(in.done());
}

RC_GTEST_PROP(Reader, ReadsTextAndBytesOfAllLengths, ()) {
  std::string text(*rc::gen::element<size_t>(0, 1, 31, 32, 255, 256, 65535, 65536), 'x');
  msgpack::sbuffer out;
  msgpack::packer<msgpack::sbuffer> pack(out);
  pack.pack(text);
  pack.pack_bin(static_cast<uint32_t>(text.size()));
  pack.pack_bin_body(text.data(), static_cast<uint32_t>(text.size()));
  std::string bytes(out.data(), out.size());
  Reader in(bytes);
  std::string_view got;
  RC_ASSERT(in.text(got, text.size()));
  RC_ASSERT(got == text);
  RC_ASSERT(in.binary(got));
  RC_ASSERT(got == text);
  in.go_to(0);
  RC_ASSERT(in.skip());
  RC_ASSERT(in.skip());
  RC_ASSERT(in.done());
}

TEST(Reader, PassesOverEveryKindOfValue) {
  msgpack::sbuffer out;
  msgpack::packer<msgpack::sbuffer> pack(out);
  pack.pack_array(9);
  pack.pack_nil();
  pack.pack(true);
  pack.pack(1.5F);
  pack.pack(1.5);
  pack.pack_ext(3, 7);
  pack.pack_ext_body("abc", 3);
  pack.pack_ext(4, 1);
  pack.pack_ext_body("abcd", 4);
  pack.pack(std::vector<int>(70'000, -70'000));
  pack.pack(std::map<std::string, std::vector<int>>{{"a", std::vector<int>(20, 1)}});
  pack.pack(std::vector<std::string>(20, std::string(40, 'y')));
  std::string bytes(out.data(), out.size());
  Reader in(bytes);
  ASSERT_TRUE(in.skip());
  EXPECT_TRUE(in.done());
  for (size_t cut = 0; cut < 200; ++cut) {
    Reader part(std::string_view(bytes).substr(0, cut));
    EXPECT_FALSE(part.skip()) << cut;
  }
}

TEST(Reader, IsNotFooledByCountsThatTheBytesCannotHold) {
  std::string many("\xdd\xff\xff\xff\xff", 5);
  std::string nested;
  for (int i = 0; i < 100'000; ++i) nested += '\x91';
  for (const std::string& bytes : {many, nested}) {
    Reader in(bytes);
    EXPECT_FALSE(in.skip());
  }
  uint32_t items = 0;
  Reader in(many);
  EXPECT_FALSE(in.array(items));
}

TEST(PlainText, IsUtf8WithoutControlCharacters) {
  for (const char* good : {"", "abc ~", "\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_plain_text(good)) << good;
  }
  for (const char* bad : {"\n", "\x7f", "\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x85",
                          "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xff", "\xe2\x82"}) {
    EXPECT_FALSE(is_plain_text(bad));
  }
}

}  // namespace
}  // namespace orrery::live
