// The table of devices.
#include "Device.h"

#include <algorithm>
#include <fmt/format.h>

namespace bnn::runtime {

Result checkCode(const isa::Program &program) {
  auto inImage = [&](uint32_t begin, uint32_t end) {
    return begin <= end && end <= program.image.size();
  };
  if (inImage(program.coldBegin, program.coldEnd) &&
      inImage(program.warmBegin, program.warmEnd))
    return {};
  return {BNN_ERROR_PROGRAM, "code outside the image"};
}

Result placeRegions(const std::array<uint64_t, 4> &bytes,
                    std::array<uint32_t, 4> &addresses) {
  constexpr uint64_t end = (uint64_t(1) << 32) - 8, page = 4096;
  constexpr const char *names[] = {"Program", "Input", "Output", "Scratch"};
  uint64_t address = 0x100000;
  for (size_t r = 0; r != 4; ++r) {
    if (bytes[r] > end || address > end - bytes[r])
      return {BNN_ERROR_DEVICE,
              fmt::format("region {} of {} bytes does not fit behind the others: from {:#x} on "
                          "the address space has {} bytes left; run fewer windows at a time",
                          names[r], bytes[r], address, end - std::min(address, end))};
    addresses[r] = uint32_t(address);
    address = (address + bytes[r] + 2 * page - 1) / page * page;
  }
  return {};
}

Result openDevice(const std::string &name, const char *target,
                  std::unique_ptr<Device> &device) {
  if (name == "sim")
    return openSimDevice(target, device);
#if BNNCC_RTL_DEVICE
  if (name == "rtl" || name.starts_with("rtl:"))
    return openRtlDevice(name, target, device);
  constexpr const char *devices = "sim, rtl";
#else
  constexpr const char *devices = "sim";
#endif
  bool planned = name == "rtl" || name.starts_with("rtl:") || name.starts_with("uio:");
  return {BNN_ERROR_DEVICE,
          planned ? fmt::format("device '{}' is not part of this build; devices: {}",
                                name, devices)
                  : fmt::format("unknown device '{}'; devices: {}", name, devices)};
}

} // namespace bnn::runtime
