// The table of devices.
#include "Device.h"

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
