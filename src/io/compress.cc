// Decompression as a stream into a buffer that grows by what really comes out: the sizes that a
// file claims for itself are not believed.
#include "io/compress.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "base/check.h"

namespace rondo::io {
namespace {

constexpr std::size_t kStep = 256 * 1024;

std::unexpected<Error> too_large(std::uint64_t at_most) {
  return fail(Code::kExhausted,
              "decompressed, this has more than " + std::to_string(at_most) + " bytes",
              "split the file, or decompress it by hand if you trust it");
}

std::unexpected<Error> damaged(std::string_view kind, std::string_view why) {
  return fail(Code::kInvalidInput,
              "this " + std::string(kind) + " file is damaged: " + std::string(why),
              "fetch or compress the file again");
}

/// Gives room for one step more, at most one byte beyond the cap, to `write(data, room)`, which
/// says how many bytes it wrote.
template <class Write>
void extend(std::string& out, std::uint64_t at_most, Write write) {
  const std::size_t before = out.size();
  const std::uint64_t room = std::min<std::uint64_t>(kStep, at_most - before + 1);
  out.resize(before + room);
  out.resize(before + write(out.data() + before, static_cast<std::size_t>(room)));
}

Result<std::string> gunzip(std::string_view bytes, std::uint64_t at_most) {
  constexpr int kGzipOnly = 15 + 16;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) {
    return fail(Code::kExhausted, "zlib has no memory");
  }
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, &inflateEnd);
  std::string out;
  int state = Z_OK;
  bool more_to_come = false;  // the last step ended because its room was full
  for (;;) {
    if (stream.avail_in == 0) {  // the counter of zlib has 32 bits only
      const std::size_t part = std::min<std::size_t>(bytes.size(), 1U << 30);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
      stream.avail_in = static_cast<uInt>(part);
      bytes.remove_prefix(part);
    }
    if (state == Z_STREAM_END) {
      if (stream.avail_in == 0) return out;
      if (inflateReset(&stream) != Z_OK) return damaged("gzip", "it cannot be read on");
    } else if (stream.avail_in == 0 && !more_to_come) {
      return damaged("gzip", "it ends too early");
    }
    extend(out, at_most, [&](char* data, std::size_t room) {
      stream.next_out = reinterpret_cast<Bytef*>(data);
      stream.avail_out = static_cast<uInt>(room);
      state = inflate(&stream, Z_NO_FLUSH);
      more_to_come = stream.avail_out == 0;
      return room - stream.avail_out;
    });
    if (out.size() > at_most) return too_large(at_most);
    if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) {
      return damaged("gzip", stream.msg == nullptr ? "unreadable" : stream.msg);
    }
  }
}

Result<std::string> unzstd(std::string_view bytes, std::uint64_t at_most) {
  const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(),
                                                                             &ZSTD_freeDStream);
  if (stream == nullptr) return fail(Code::kExhausted, "zstd has no memory");
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::string out;
  std::size_t state = 1;  // 0: a frame is complete and all of it was handed out
  while (in.pos < in.size || state != 0) {
    const std::size_t before_in = in.pos;
    const std::size_t before_out = out.size();
    extend(out, at_most, [&](char* data, std::size_t room) {
      ZSTD_outBuffer next{data, room, 0};
      state = ZSTD_decompressStream(stream.get(), &next, &in);
      return next.pos;
    });
    if (ZSTD_isError(state) != 0) return damaged("zstd", ZSTD_getErrorName(state));
    if (out.size() > at_most) return too_large(at_most);
    const bool stuck = in.pos == before_in && out.size() == before_out;
    if (stuck && state != 0) return damaged("zstd", "it ends too early");
  }
  return out;
}

}  // namespace

Result<std::string> decompress(std::string_view bytes, std::uint64_t at_most) {
  at_most = std::min<std::uint64_t>(at_most, 1ULL << 62);
  if (bytes.starts_with("\x1f\x8b")) return gunzip(bytes, at_most);
  if (bytes.starts_with("\x28\xb5\x2f\xfd")) return unzstd(bytes, at_most);
  if (bytes.size() <= at_most) return std::string(bytes);
  return fail(Code::kExhausted, "this has more than " + std::to_string(at_most) + " bytes",
              "give a smaller file");
}

std::string zstd_compress(std::string_view bytes) {
  const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                        &ZSTD_freeCCtx);
  CHECK(context != nullptr, "zstd has memory for a context");
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, 3);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size =
      ZSTD_compress2(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
  CHECK(ZSTD_isError(size) == 0, "zstd compresses into a buffer of its own bound");
  out.resize(size);
  return out;
}

}  // namespace rondo::io
