#include "traces/input.hpp"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "shared.hpp"

namespace orrery::traces {
namespace {

constexpr std::string_view kRow = "1 0 -1 1 1 -1 -1 1 9 -1 1 1 1 -1 1 -1 -1 -1\n";

std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

/// Rows that do not compress to nothing, so that cuts fall inside the data.
std::string many_rows(int count) {
  std::string text;
  uint64_t state = 1;
  for (int i = 1; i <= count; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    text += std::to_string(i) + " " + std::to_string(i) + " -1 " + std::to_string(state >> 45) +
            " 1 -1 -1 1 9 -1 1 1 1 -1 1 -1 -1 -1\n";
  }
  return text;
}

std::vector<std::string> lines_of(std::string_view text) {
  LineReader lines(open_memory(text, "test"), "test");
  std::vector<std::string> out;
  std::string_view line;
  while (true) {
    const auto got = lines.next(line);
    if (got == LineReader::Got::kEnd) break;
    out.emplace_back(got == LineReader::Got::kTooLong ? "<too long>" : line);
    EXPECT_EQ(lines.line_number(), out.size());
  }
  return out;
}

using Lines = std::vector<std::string>;

TEST(Lines, EndsOfEveryKind) {
  EXPECT_EQ(lines_of(""), Lines{});
  EXPECT_EQ(lines_of("\n"), Lines{""});
  EXPECT_EQ(lines_of("a"), Lines{"a"});
  EXPECT_EQ(lines_of("a\nb"), (Lines{"a", "b"}));
  EXPECT_EQ(lines_of("a\r\n\r\nb\r\n"), (Lines{"a", "", "b"}));
  EXPECT_EQ(lines_of("a\rb\n\r"), (Lines{"a\rb", ""}));
  EXPECT_EQ(lines_of("\xef\xbb\xbfx\n"), Lines{"x"});
}

TEST(Lines, TheLimitIsExact) {
  const std::string longest(kMaxLineBytes - 1, 'x');
  EXPECT_EQ(lines_of(longest + "\nb\n"), (Lines{longest, "b"}));
  EXPECT_EQ(lines_of(longest), Lines{longest});
  EXPECT_EQ(lines_of(longest + "x\nb\n"), (Lines{"<too long>", "b"}));
  EXPECT_EQ(lines_of(std::string(10 << 20, 'x')), Lines{"<too long>"});
  EXPECT_EQ(lines_of("a\n" + std::string(10 << 20, 'x') + "\nb"), (Lines{"a", "<too long>", "b"}));
}

TEST(Input, TenMegabyteLineIsAnErrorOrSkipped) {
  const std::string text =
      std::string(kRow) + std::string(10 << 20, '7') + "\n2" + std::string(kRow.substr(1));
  EXPECT_EQ(parse_error(text, Format::kSwf),
            "test:2: expected a line of at most 1048576 bytes, found a longer one; "
            "--on-error=skip leaves such rows out");
  ReadReport report;
  EXPECT_EQ(parse(text, Format::kSwf, {.skip_errors = true}, &report).size(), 2U);
  EXPECT_EQ(report.skipped, 1U);
}

TEST(Input, CompressionIsUndone) {
  const std::string text = many_rows(40'000);
  for (const auto& packed : {text, gzip(text), zstd(text)}) {
    ReadReport report;
    EXPECT_EQ(parse(packed, Format::kGuess, {}, &report).size(), 40'000U);
    EXPECT_EQ(report.bytes, text.size());
  }
}

TEST(Input, SeveralMembersAreOneFile) {
  const std::string a = many_rows(3);
  const std::string b = "9" + std::string(kRow.substr(1));
  EXPECT_EQ(parse(gzip(a) + gzip(b), Format::kSwf).size(), 4U);
  EXPECT_EQ(
      parse(gzip(a) + std::string(512, '\0') + gzip(b) + std::string(9, '\0'), Format::kSwf).size(),
      4U);
  EXPECT_EQ(parse(zstd(a) + zstd(b), Format::kSwf).size(), 4U);
}

TEST(Input, EveryTruncationIsNoticed) {
  const std::string text = many_rows(60);
  for (const auto& [packed, kind] :
       {std::pair{gzip(text), "gzip"}, std::pair{zstd(text), "zstd"}}) {
    for (size_t cut = 4; cut < packed.size(); ++cut) {
      const std::string error =
          parse_error(packed.substr(0, cut), Format::kSwf, {.skip_errors = true});
      ASSERT_EQ(error, "test: expected a whole " + std::string(kind) + " file, found " + kind +
                           " data truncated after " + std::to_string(cut) +
                           " bytes; the file is cut short or damaged; fetch it again");
    }
  }
}

TEST(Input, DamageIsNoticed) {
  const std::string text = many_rows(60);
  std::string packed = gzip(text);
  packed[packed.size() - 6] ^= 1;  // the CRC-32 of the content
  EXPECT_NE(parse_error(packed, Format::kSwf).find("damaged gzip data near byte"),
            std::string::npos);
  EXPECT_NE(parse_error(gzip(text) + "tail", Format::kSwf).find("damaged gzip data near byte"),
            std::string::npos);
  packed = zstd(text);
  packed[5] ^= 0x7f;
  EXPECT_NE(parse_error(packed, Format::kSwf).find("zstd"), std::string::npos);
}

TEST(Input, CrlfAndMissingLastLineEndAreFine) {
  const std::string crlf = "; MaxProcs: 8\r\n" + std::string(kRow.substr(0, kRow.size() - 1)) +
                           "\r\n\r\n2 3" + std::string(kRow.substr(3, kRow.size() - 4));
  const Workload w = parse(crlf, Format::kSwf);
  EXPECT_EQ(w.size(), 2U);
  EXPECT_EQ(w.machine_processors, 8U);
}

TEST(Input, NoJobsIsAnError) {
  EXPECT_EQ(parse_error("", Format::kSwf),
            "test: expected at least one job that can run, found an empty file");
  EXPECT_EQ(parse_error("; a comment\n\n", Format::kSwf),
            "test: expected at least one job that can run, found no row of a job");
  EXPECT_EQ(parse_error("x\ny\n", Format::kSwf, {.skip_errors = true}),
            "test: expected at least one job that can run, found none in 2 rows; skipped test:1:1: "
            "expected a number for field 1 (job number), found \"x\"");
  EXPECT_EQ(parse_error(gzip(""), Format::kSwf),
            "test: expected at least one job that can run, found an empty file");
  EXPECT_NE(parse_error("", Format::kGuess).find("found an empty file"), std::string::npos);
}

TEST(Input, NulBytesAreNamed) {
  std::string text(kRow);
  text[2] = '\0';
  EXPECT_NE(parse_error(text, Format::kSwf).find("test:1:3: expected text without NUL bytes"),
            std::string::npos);
}

TEST(Input, MissingFilesAndFoldersAreErrors) {
  ReadReport report;
  EXPECT_EQ(error_of([&] { read_workload("/no/such.swf", {}, report); }),
            "/no/such.swf: expected a readable file, found No such file or directory");
  EXPECT_NE(error_of([&] { read_workload(ORRERY_SOURCE_DIR, {}, report); }).find("readable file"),
            std::string::npos);
}

TEST(Guess, TellsTheFormats) {
  const auto guessed = [](std::string_view text, const char* name) {
    ReadReport report;
    error_of([&] { parse_workload(text, name, {}, report); });
    return report.format;
  };
  EXPECT_EQ(guessed("; Version: 2\n", "x"), Format::kSwf);
  EXPECT_EQ(guessed(kRow, "x"), Format::kSwf);
  EXPECT_EQ(guessed("odd\n", "x.swf.gz"), Format::kSwf);
  EXPECT_EQ(guessed("name,cpu_milli,memory_mib,num_gpu,gpu_milli\n", "x"), Format::kOpenb);
  EXPECT_EQ(guessed("timestamp,duration,num_gpus,gpu_time,cluster\n", "x"), Format::kPhilly);
  EXPECT_EQ(guessed("# machine_nodes: 3\nrun_s,job_id,submit_s\n", "x"), Format::kOrreryCsv);
  EXPECT_EQ(guessed("sn,cpu_milli,memory_mib,gpu,model\n", "x"), Format::kGuess);
  EXPECT_EQ(guessed("what is this", "x"), Format::kGuess);
  EXPECT_EQ(guessed("LM\tc\tf\t-n\t1\t50\t1\t1\t-1.0\t0\n", "x"), Format::kGavel);
  EXPECT_EQ(guessed("LM\tc\tf\t-n\t1\t50\t1\tgns\t1\t-1.0\t9\t0\n", "x"), Format::kShockwave);
  EXPECT_EQ(guessed("LM\tc\tf\t-n\tx\t50\t1\t1\t-1.0\t0\n", "x"), Format::kGuess);
  for (const auto format :
       {Format::kSwf, Format::kOpenb, Format::kPhilly, Format::kOrreryCsv, Format::kGavel,
        Format::kShockwave, Format::kOrreryBinary, Format::kGuess}) {
    EXPECT_EQ(format_by_name(name_of(format)), format);
  }
  EXPECT_EQ(format_by_name("xml"), std::nullopt);
}

}  // namespace
}  // namespace orrery::traces
