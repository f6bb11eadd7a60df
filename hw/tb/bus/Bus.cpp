// Drives the pins of the bus units.
#include "Bus.h"

#include <cstring>

namespace bnn::tb {

Bus::Bus(const sim::AxiTiming &timing, uint64_t seed)
    : lanes(8 * kLaneWords), buffer(kOutputWords),
      weights(kClusters * kWeightRows), thresholds(kClusters * kThresholdRows),
      control(kControlWords), memory(timing, seed),
      top(std::make_unique<Vbnn_bus_tb>()) {}

// Four values of 29 bits, the first in the lowest bits.
template <typename Wide>
static void pack29(Wide &wide, const std::array<uint32_t, 4> &v) {
  for (int i = 0; i < 4; ++i)
    wide[i] = 0;
  for (int i = 0; i < 4; ++i)
    for (int bit = 0; bit < 29; ++bit)
      if (v[i] >> bit & 1)
        wide[(29 * i + bit) / 32] |= 1u << (29 * i + bit) % 32;
}

void Bus::setRegions(uint64_t inputStride, uint64_t outputStride) {
  memory.unmapAll();
  std::array<uint32_t, 4> first, size;
  for (int r = 0; r < 4; ++r) {
    memory.map(base[r], region[r], r >= 2);
    first[r] = base[r] / 8;
    size[r] = uint32_t(region[r].size() / 8);
  }
  pack29(top->base_i, first);
  pack29(top->size_i, size);
  top->input_stride_i = uint32_t(inputStride / 8);
  top->output_stride_i = uint32_t(outputStride / 8);
}

void Bus::reset() {
  top->rst_i = 1;
  top->abort_i = 0;
  tick(false, false);
  top->rst_i = 0;
}

static void setBits(WData *wide, const isa::Instruction &instruction) {
  isa::Bits128 bits = isa::encode(instruction);
  wide[0] = uint32_t(bits.lo), wide[1] = uint32_t(bits.lo >> 32);
  wide[2] = uint32_t(bits.hi), wide[3] = uint32_t(bits.hi >> 32);
}

void Bus::startLoad(const isa::Load &load, uint32_t window) {
  setBits(&top->load_i[0], load);
  top->load_window_i = window;
  top->load_start_i = 1;
}

void Bus::startStore(const isa::Store &store, uint32_t window) {
  setBits(&top->store_i[0], store);
  top->store_window_i = window;
  top->store_start_i = 1;
}

void Bus::writeMemories() {
  if (top->lane_valid_o)
    laneWrites.push_back(cycle);
  for (uint32_t p = 0; p < 8; ++p) {
    if (!(top->lane_valid_o >> p & 1))
      continue;
    uint32_t pair = top->lane_pair_o[p / 2] >> (p % 2 ? 16 : 0) & 0xffff;
    auto *bytes = reinterpret_cast<uint8_t *>(&lanes[p * kLaneWords + 2 * pair]);
    for (uint32_t i = 0; i < 8; ++i)
      if (uint64_t(top->lane_bytes_o) >> (8 * p + i) & 1)
        bytes[i] = uint8_t(top->lane_data_o[2 * p + i / 4] >> (8 * (i % 4)));
  }
  for (uint32_t c = 0; c < kClusters; ++c) {
    if (top->weight_we_o >> c & 1)
      for (uint32_t i = 0; i < 8; ++i)
        weights[c * kWeightRows + top->weight_row_o][i] = top->weight_data_o[i];
    if (top->threshold_we_o >> c & 1)
      for (uint32_t i = 0; i < 8; ++i)
        thresholds[c * kThresholdRows + top->threshold_row_o][i] = top->threshold_data_o[i];
  }
  if (top->control_we_o)
    control[top->control_addr_o] = top->control_data_o;
}

void Bus::tick(bool portTaken, bool readsLanes) {
  const sim::AxiSlave &in = memory.drive();
  top->clk_i = 0;
  top->port_taken_i = portTaken;
  top->reads_lanes_i = readsLanes;
  top->arready_i = in.arready;
  top->rvalid_i = in.rvalid;
  top->rdata_i = in.rdata;
  top->rerror_i = in.rresp >> 1;
  top->awready_i = in.awready;
  top->wready_i = in.wready;
  top->bvalid_i = in.bvalid;
  top->berror_i = in.bresp >> 1;
  top->eval();

  loadDone = top->load_done_o;
  storeDone = top->store_done_o;
  loadTrap = top->load_trap_o;
  storeTrap = top->store_trap_o;
  errors = top->errors_o;
  writeMemories();
  sim::AxiMaster out;
  out.arvalid = top->arvalid_o, out.rready = top->rready_o;
  out.araddr = top->araddr_o, out.arlen = top->arlen_o;
  out.awvalid = top->awvalid_o, out.awaddr = top->awaddr_o;
  out.awlen = top->awlen_o, out.wvalid = top->wvalid_o;
  out.wlast = top->wlast_o, out.wdata = top->wdata_o;
  out.wstrb = top->wstrb_o, out.bready = top->bready_o;
  // The memories' outputs of the next cycle.
  uint64_t lane = 0, word = 0;
  if (top->store_read_o && 2 * top->store_pair_o + 1u < kLaneWords)
    std::memcpy(&lane, &lanes[2 * top->store_pair_o], 8);
  if (top->buffer_addr_o < kOutputWords)
    word = buffer[top->buffer_addr_o];
  memory.clock(out);

  top->clk_i = 1;
  top->eval();
  top->load_start_i = 0;
  top->store_start_i = 0;
  top->store_data_i = lane;
  top->buffer_data_i = word;
  ++cycle;
}

} // namespace bnn::tb
