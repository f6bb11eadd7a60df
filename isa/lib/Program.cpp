// The program file. Every byte of it is covered by a CRC, so that no damage goes
// unnoticed; reading trusts nothing it has not checked, the CRC least of all.
#include "bnn/isa/Program.h"

#include "Deflate.h"
#include "TargetFields.h"
#include "bnn/isa/Isa.h"

#include <cstring>
#include <fmt/format.h>
#include <map>
#include <span>

namespace bnn::isa {

using Bytes = std::vector<uint8_t>;

static constexpr char magic[8] = "BNNPROG";

static uint32_t get(std::span<const uint8_t> bytes, size_t at) {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 |
         uint32_t(bytes[at + 3]) << 24;
}

static void put(Bytes &bytes, size_t at, uint32_t value) {
  for (int i = 0; i != 4; ++i)
    bytes[at + i] = uint8_t(value >> (8 * i));
}

/// The numbers of the info section and where they go.
struct InfoField {
  uint32_t offset;
  uint32_t Program::*member;
};

static const InfoField infoFields[] = {
    {info_section::coldBegin, &Program::coldBegin},
    {info_section::coldEnd, &Program::coldEnd},
    {info_section::warmBegin, &Program::warmBegin},
    {info_section::warmEnd, &Program::warmEnd},
    {info_section::inputBytes, &Program::inputBytes},
    {info_section::outputBytes, &Program::outputBytes},
    {info_section::scratchBytes, &Program::scratchBytes},
    {info_section::codeBytes, &Program::codeBytes},
    {info_section::microcodeBytes, &Program::microcodeBytes},
    {info_section::weightBytes, &Program::weightBytes},
    {info_section::thresholdBytes, &Program::thresholdBytes},
};

static_assert(std::size(infoFields) * 4 == info_section::bytes);

/// Of all but the CRC's own place, which ends the header.
static uint32_t fileCrc(std::span<const uint8_t> file) {
  constexpr size_t behind = file_header::crc + 4;
  uint32_t crc = crc32(file.data(), file_header::crc);
  return crc32(file.data() + behind, file.size() - behind, crc);
}

//===-- Writing
//----------------------------------------------------------------//

static Bytes targetBytes(const Target &target) {
  Bytes out(target_section::bytes);
  for (size_t i = 0; i != targetFields().size(); ++i)
    put(out, 4 * i, target.*targetFields()[i].member);
  out.insert(out.end(), target.name.begin(), target.name.end());
  return out;
}

static Bytes infoBytes(const Program &program) {
  Bytes out(info_section::bytes);
  for (const InfoField &f : infoFields)
    put(out, f.offset, program.*f.member);
  return out;
}

std::vector<uint8_t> writeProgram(const Program &program) {
  std::vector<std::pair<Section, Bytes>> sections = {
      {Section::Target, targetBytes(program.target)},
      {Section::Info, infoBytes(program)},
      {Section::Image, program.image},
      {Section::Io, {program.io.begin(), program.io.end()}},
  };
  if (!program.debug.empty())
    sections.push_back(
        {Section::Debug, {program.debug.begin(), program.debug.end()}});

  Bytes out(file_header::bytes + sections.size() * section_entry::bytes);
  size_t entry = file_header::bytes;
  for (const auto &[kind, body] : sections) {
    Bytes packed = deflate(body);
    const Bytes &stored = packed.size() < body.size() ? packed : body;
    put(out, entry + section_entry::kind, uint32_t(kind));
    put(out, entry + section_entry::size, uint32_t(body.size()));
    put(out, entry + section_entry::stored, uint32_t(stored.size()));
    entry += section_entry::bytes;
    out.insert(out.end(), stored.begin(), stored.end());
  }
  std::memcpy(out.data(), magic, sizeof(magic));
  put(out, file_header::formatVersion, isaFormatVersion);
  put(out, file_header::isaVersion, isaVersion);
  put(out, file_header::fingerprint, program.target.fingerprint());
  put(out, file_header::sections, uint32_t(sections.size()));
  put(out, file_header::fileBytes, uint32_t(out.size()));
  put(out, file_header::crc, fileCrc(out));
  return out;
}

//===-- Reading
//----------------------------------------------------------------//

namespace {

class Reader {
public:
  Reader(std::span<const uint8_t> file, std::string &error)
      : file(file), error(error) {}

  bool read(Program &program) {
    return readHeader() && readTable() && unpack() && readTarget(program) &&
           readInfo(program) && checkInfo(program);
  }

  std::vector<SectionSize> sizes() const {
    std::vector<SectionSize> out;
    for (const auto &[kind, packed] : sections)
      out.push_back({kind, packed.size, packed.bytes.size()});
    return out;
  }

private:
  template <typename... Args>
  bool fail(fmt::format_string<Args...> format, Args &&...args) {
    error = "program file: " + fmt::format(format, std::forward<Args>(args)...);
    return false;
  }

  bool readHeader() {
    if (file.size() < sizeof(magic) ||
        std::memcmp(file.data(), magic, sizeof(magic)))
      return fail("does not start with BNNPROG");
    if (file.size() < file_header::bytes)
      return fail("truncated: {} bytes", file.size());
    if (uint32_t v = get(file, file_header::formatVersion);
        v != isaFormatVersion)
      return fail("format version {}, this reader knows {}", v,
                  isaFormatVersion);
    if (uint32_t v = get(file, file_header::isaVersion); v != isaVersion)
      return fail("instruction set version {}, this reader knows {}", v,
                  isaVersion);
    uint32_t bytes = get(file, file_header::fileBytes);
    if (file.size() != bytes)
      return fail("{}: {} bytes, the header says {}",
                  file.size() < bytes ? "truncated" : "too long", file.size(),
                  bytes);
    if (fileCrc(file) != get(file, file_header::crc))
      return fail("is corrupt (CRC)");
    count = get(file, file_header::sections);
    if (count > isaMaxSections)
      return fail("{} sections, at most {} are allowed", count, isaMaxSections);
    return true;
  }

  bool readTable() {
    size_t end = file_header::bytes + count * section_entry::bytes;
    if (end > file.size())
      return fail("truncated in the section table");
    for (uint32_t i = 0; i != count; ++i)
      if (!readEntry(i, end))
        return false;
    if (end != file.size())
      return fail("{} bytes behind the last section", file.size() - end);
    return true;
  }

  /// Checks entry `i`, whose section begins at `end`, and moves `end`. Nothing is
  /// unpacked yet: that waits until all of the table is good.
  bool readEntry(uint32_t i, size_t &end) {
    auto entry = file.subspan(file_header::bytes + i * section_entry::bytes);
    uint32_t kind = get(entry, section_entry::kind);
    uint64_t size = get(entry, section_entry::size);
    uint64_t stored = get(entry, section_entry::stored);
    if (kind < uint32_t(Section::Target) || kind > uint32_t(Section::Debug))
      return fail("section {} has unknown kind {}", i, kind);
    if (sections.count(Section(kind)))
      return fail("section kind {} occurs twice", kind);
    if (stored > file.size() - end)
      return fail("section {} ends at {}, behind the file", i, end + stored);
    if (stored > size || size > stored * isaMaxRatio)
      return fail("section {} is {} bytes, which cannot be stored in {}", i,
                  size, stored);
    if (size > isaMaxSectionBytes)
      return fail("section {} is {} bytes, at most {} are allowed", i, size,
                  isaMaxSectionBytes);
    sections[Section(kind)] = {file.subspan(end, stored), size};
    end += stored;
    return true;
  }

  bool unpack() {
    for (auto &[kind, packed] : sections) {
      Bytes &body = bodies[kind];
      if (packed.bytes.size() == packed.size)
        body.assign(packed.bytes.begin(), packed.bytes.end());
      else if (!inflate(packed.bytes, packed.size, body))
        return fail("section kind {} does not unpack to {} bytes",
                    uint32_t(kind), packed.size);
    }
    return true;
  }

  bool readTarget(Program &program) {
    for (auto [kind, name] :
         {std::pair(Section::Target, "target"),
          std::pair(Section::Info, "info"), std::pair(Section::Image, "image"),
          std::pair(Section::Io, "io")})
      if (!sections.count(kind))
        return fail("no {} section", name);
    const Bytes &body = bodies[Section::Target];
    if (body.size() < target_section::bytes ||
        body.size() > target_section::bytes + 255)
      return fail("target section has {} bytes", body.size());
    for (size_t i = 0; i != targetFields().size(); ++i)
      program.target.*targetFields()[i].member = get(body, 4 * i);
    program.target.name.assign(body.begin() + target_section::bytes,
                               body.end());
    if (!checkSizes(program.target, error))
      return fail("{}", std::string(error));
    if (program.target.fingerprint() != get(file, file_header::fingerprint))
      return fail("fingerprint does not belong to {}",
                  program.target.describe());
    return true;
  }

  bool readInfo(Program &program) {
    const Bytes &body = bodies[Section::Info];
    if (body.size() != info_section::bytes)
      return fail("info section has {} bytes, not {}", body.size(),
                  info_section::bytes);
    for (const InfoField &f : infoFields)
      program.*f.member = get(body, f.offset);
    auto text = [&](Section kind) {
      const Bytes &body = bodies[kind];
      return std::string(body.begin(), body.end());
    };
    program.image = std::move(bodies[Section::Image]);
    program.io = text(Section::Io);
    program.debug = text(Section::Debug);
    return true;
  }

  bool checkRange(const Program &program, const char *name, uint32_t begin,
                  uint32_t end) {
    if (begin > end || end > program.image.size())
      return fail("{} code {}..{} is outside the image of {} bytes", name,
                  begin, end, program.image.size());
    if (begin % 8 || (end - begin) % instructionBytes)
      return fail("{} code {}..{} is not whole instructions", name, begin, end);
    return true;
  }

  bool checkInfo(const Program &program) {
    if (!checkRange(program, "cold", program.coldBegin, program.coldEnd) ||
        !checkRange(program, "warm", program.warmBegin, program.warmEnd))
      return false;
    uint64_t parts = uint64_t(program.codeBytes) + program.microcodeBytes +
                     program.weightBytes + program.thresholdBytes;
    if (parts > program.image.size())
      return fail("code, microcode, weights and thresholds are {} bytes, the "
                  "image is {}",
                  parts, program.image.size());
    return true;
  }

  std::span<const uint8_t> file;
  std::string &error;
  uint32_t count = 0;
  struct Packed {
    std::span<const uint8_t> bytes;
    size_t size;
  };
  std::map<Section, Packed> sections;
  std::map<Section, Bytes> bodies;
};

} // namespace

bool readProgram(const uint8_t *data, size_t size, Program &program,
                 std::string &error, std::vector<SectionSize> *sizes) {
  Program out;
  Reader reader({data, size}, error);
  if (!reader.read(out))
    return false;
  program = std::move(out);
  if (sizes)
    *sizes = reader.sizes();
  return true;
}

bool checkTarget(const Program &program, const Target &target,
                 std::string &error) {
  std::string compiled, here;
  for (const TargetField &f : targetFields()) {
    uint32_t a = program.target.*f.member, b = target.*f.member;
    if (!f.sizes || a == b)
      continue;
    compiled += fmt::format(" {}={}", f.name, a);
    here += fmt::format(" {}={}", f.name, b);
  }
  if (compiled.empty())
    return true;
  error = fmt::format("program was compiled for{}, this engine has{}", compiled,
                      here);
  return false;
}

} // namespace bnn::isa
