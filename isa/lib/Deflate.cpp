// DEFLATE by zlib, with one call each: sizes are known before.
#include "Deflate.h"

#include <new>
#include <zlib.h>

namespace bnn::isa {

/// Negative: the stream has no header; as far back as DEFLATE can refer.
static constexpr int windowBits = -MAX_WBITS;

static z_stream streamOf(std::span<const uint8_t> in) {
  z_stream stream{};
  stream.next_in = const_cast<Bytef *>(in.data()); // zlib only reads it
  stream.avail_in = uInt(in.size());
  return stream;
}

std::vector<uint8_t> deflate(std::span<const uint8_t> bytes) {
  z_stream stream = streamOf(bytes);
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, windowBits,
                   MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::vector<uint8_t> out(deflateBound(&stream, uLong(bytes.size())));
  stream.next_out = out.data();
  stream.avail_out = uInt(out.size());
  ::deflate(&stream, Z_FINISH); // the bound is enough
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

bool inflate(std::span<const uint8_t> packed, size_t size,
             std::vector<uint8_t> &out) {
  z_stream stream = streamOf(packed);
  if (inflateInit2(&stream, windowBits) != Z_OK)
    throw std::bad_alloc();
  out.resize(size);
  stream.next_out = out.data();
  stream.avail_out = uInt(size);
  int result = ::inflate(&stream, Z_FINISH);
  bool whole = result == Z_STREAM_END && stream.total_out == size &&
               stream.avail_in == 0;
  inflateEnd(&stream);
  if (!whole)
    out.clear();
  return whole;
}

} // namespace bnn::isa
