// The table of devices.
#include "Device.h"

#include <fmt/format.h>

namespace bnn::runtime {

Result openDevice(const std::string &name, const char *target,
                  std::unique_ptr<Device> &device) {
  if (name == "sim")
    return openSimDevice(target, device);
  bool real = name == "rtl" || name.starts_with("uio:");
  return {BNN_ERROR_DEVICE,
          fmt::format(real ? "device '{}' is not part of this build; devices: sim"
                           : "unknown device '{}'; devices: sim",
                      name)};
}

} // namespace bnn::runtime
