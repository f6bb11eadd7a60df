// RtlModel on a Verilated bnn_top; `Top` is the class that Verilator made of it.
#pragma once

#include "RtlModel.h"

#include <verilated.h>
#if VM_COVERAGE
#include <verilated_cov.h>
#include <cstdlib>
#endif
#if VM_TRACE
#include <verilated_vcd_c.h>
#endif

namespace bnn::sim {

template <typename Top> class RtlModelOf : public RtlModel {
public:
  RtlModelOf(AxiMemory &memory, const std::string &trace)
      : memory(memory), top(std::make_unique<Top>(&context)) {
#if VM_TRACE
    if (!trace.empty()) {
      context.traceEverOn(true);
      vcd = std::make_unique<VerilatedVcdC>();
      top->trace(vcd.get(), 99);
      vcd->open(trace.c_str());
    }
#else
    (void)trace;
#endif
    reset();
  }

  ~RtlModelOf() override {
#if VM_TRACE
    if (vcd)
      vcd->close();
#endif
    top->final();
#if VM_COVERAGE
    if (const char *path = std::getenv("BNN_COVERAGE"))
      context.coveragep()->write(path);
#endif
  }

  void reset() override {
    top->rst_i = 1;
    for (int i = 0; i < 4; ++i)
      clock();
    top->rst_i = 0;
    clock();
  }

  void write(uint32_t address, uint32_t value) override {
    top->s_awvalid_i = top->s_wvalid_i = 1;
    top->s_awaddr_i = address;
    top->s_wdata_i = value;
    top->s_bready_i = 1;
    for (bool accepted = false; !accepted;) {
      evalLow();
      accepted = top->s_awready_o && top->s_wready_o;
      clock();
    }
    top->s_awvalid_i = top->s_wvalid_i = 0;
    clock();
  }

  uint32_t read(uint32_t address) override {
    top->s_arvalid_i = 1;
    top->s_araddr_i = address;
    top->s_rready_i = 1;
    for (bool accepted = false; !accepted;) {
      evalLow();
      accepted = top->s_arready_o;
      clock();
    }
    top->s_arvalid_i = 0;
    evalLow();
    while (!top->s_rvalid_o) {
      clock();
      evalLow();
    }
    uint32_t value = top->s_rdata_o;
    clock();
    return value;
  }

  void clock() override {
    const AxiSlave &in = memory.drive();
    top->clk_i = 0;
    top->m_arready_i = in.arready;
    top->m_rvalid_i = in.rvalid;
    top->m_rdata_i = in.rdata;
    top->m_rresp_i = in.rresp;
    top->m_awready_i = in.awready;
    top->m_wready_i = in.wready;
    top->m_bvalid_i = in.bvalid;
    top->m_bresp_i = in.bresp;
    top->eval();
    dump();
    AxiMaster out;
    out.arvalid = top->m_arvalid_o, out.rready = top->m_rready_o;
    out.araddr = top->m_araddr_o, out.arlen = top->m_arlen_o;
    out.awvalid = top->m_awvalid_o, out.awaddr = top->m_awaddr_o;
    out.awlen = top->m_awlen_o, out.wvalid = top->m_wvalid_o;
    out.wlast = top->m_wlast_o, out.wdata = top->m_wdata_o;
    out.wstrb = top->m_wstrb_o, out.bready = top->m_bready_o;
    memory.clock(out);
    top->clk_i = 1;
    top->eval();
    dump();
  }

  bool interrupt() const override { return top->irq_o; }

private:
  void evalLow() {
    top->clk_i = 0;
    top->eval();
  }
  void dump() {
#if VM_TRACE
    if (vcd)
      vcd->dump(time);
#endif
    time += 5;
  }

  AxiMemory &memory;
  VerilatedContext context;
  std::unique_ptr<Top> top;
#if VM_TRACE
  std::unique_ptr<VerilatedVcdC> vcd;
#endif
  uint64_t time = 0; ///< ns at 100 MHz
};

} // namespace bnn::sim
