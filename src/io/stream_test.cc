// What comes out of a stream is what went in, whatever the size of a step; packed or not.
#include "io/stream.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "io/compress.h"
#include "io/scratch.h"

namespace rondo::io {
namespace {

std::string gzipped(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

class StreamTest : public testing::Test {
 protected:
  /// All that comes, in steps of `step` bytes.
  Result<std::string> read_all(const std::string& bytes, std::size_t step, std::uint64_t skip = 0) {
    const Path path = scratch_.path() / "file";
    static_cast<void>(fs_->remove(path));
    TRY(TRY(fs_->create(path))->append(as_bytes(bytes)));
    const auto stream = TRY(Stream::open(fs_, path));
    TRY(stream->skip(skip));
    std::string all;
    for (;;) {
      const std::string part = TRY(stream->read(step));
      all += part;
      if (part.size() < step) return all;
    }
  }
  std::string text() const {
    std::string text;
    for (int i = 0; text.size() < 700'000; ++i) text += std::to_string(i * 12'345LL) + "\n";
    return text;
  }
  Scratch scratch_;
  std::shared_ptr<Fs> fs_ = real_fs();
};

TEST_F(StreamTest, GivesBackWhatWasPacked) {
  const std::string plain = text();
  const std::string two = gzipped(plain.substr(0, 1000)) + gzipped(plain.substr(1000));
  for (const std::string& packed : {plain, gzipped(plain), two, zstd_compress(plain)}) {
    for (const std::size_t step : {std::size_t{1000}, std::size_t{1} << 20, plain.size()}) {
      EXPECT_EQ(read_all(packed, step).value(), plain) << step;
    }
    EXPECT_EQ(read_all(packed, 4096, 123'456).value(), plain.substr(123'456));
  }
}

TEST_F(StreamTest, TellsACutFile) {
  const std::string plain = text();
  for (const std::string& packed : {gzipped(plain), zstd_compress(plain)}) {
    const auto read = read_all(packed.substr(0, packed.size() - 9), 4096);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, Code::kInvalidInput);
    EXPECT_NE(read.error().message.find("ends too early"), std::string::npos);
  }
}

}  // namespace
}  // namespace rondo::io
