// The table of devices.
#include "Device.h"

#include <fmt/format.h>

namespace bnn::runtime {

Result openDevice(const std::string &name, const char *target,
                  std::unique_ptr<Device> &device) {
  if (name == "sim")
    return openSimDevice(target, device);
  bool planned = name == "rtl" || name.starts_with("uio:");
  return {BNN_ERROR_DEVICE,
          planned
              ? fmt::format(
                    "device '{}' is not part of this build; devices: sim", name)
              : fmt::format("unknown device '{}'; devices: sim", name)};
}

} // namespace bnn::runtime
