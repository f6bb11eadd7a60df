// bnn_top with the port names that Vivado recognises as AXI interfaces. Verilog:
// a block design takes no SystemVerilog module by reference.
`default_nettype none
module bnn_zynq #(
  parameter CLUSTERS = 4,
  parameter LANE_WORDS = 1024,
  parameter WEIGHT_ROWS = 512,
  parameter THRESHOLD_ROWS = 256,
  parameter CONTROL_WORDS = 64,
  parameter OUTPUT_WORDS = 1024,
  parameter ACCUMULATOR_BITS = 24,
  parameter [31:0] FINGERPRINT = 32'h0
) (
  (* X_INTERFACE_PARAMETER = "ASSOCIATED_BUSIF s_axi:m_axi, ASSOCIATED_RESET aresetn" *)
  input  wire        aclk,
  input  wire        aresetn,
  (* X_INTERFACE_INFO = "xilinx.com:signal:interrupt:1.0 irq INTERRUPT" *)
  (* X_INTERFACE_PARAMETER = "SENSITIVITY LEVEL_HIGH" *)
  output wire        irq,

  // Registers: AXI4-Lite, 32 bit; the address comes with 9 bits.
  input  wire [8:0]  s_axi_awaddr,
  input  wire        s_axi_awvalid,
  output wire        s_axi_awready,
  input  wire [31:0] s_axi_wdata,
  input  wire [3:0]  s_axi_wstrb,  // whole words only: the driver writes nothing else
  input  wire        s_axi_wvalid,
  output wire        s_axi_wready,
  output wire [1:0]  s_axi_bresp,
  output wire        s_axi_bvalid,
  input  wire        s_axi_bready,
  input  wire [8:0]  s_axi_araddr,
  input  wire        s_axi_arvalid,
  output wire        s_axi_arready,
  output wire [31:0] s_axi_rdata,
  output wire [1:0]  s_axi_rresp,
  output wire        s_axi_rvalid,
  input  wire        s_axi_rready,

  // Memory: AXI4, 64 bit, INCR bursts of at most 16 beats, no IDs.
  output wire [31:0] m_axi_araddr,
  output wire [7:0]  m_axi_arlen,
  output wire [2:0]  m_axi_arsize,
  output wire [1:0]  m_axi_arburst,
  output wire [3:0]  m_axi_arcache,
  output wire [2:0]  m_axi_arprot,
  output wire        m_axi_arvalid,
  input  wire        m_axi_arready,
  input  wire [63:0] m_axi_rdata,
  input  wire [1:0]  m_axi_rresp,
  input  wire        m_axi_rlast,
  input  wire        m_axi_rvalid,
  output wire        m_axi_rready,
  output wire [31:0] m_axi_awaddr,
  output wire [7:0]  m_axi_awlen,
  output wire [2:0]  m_axi_awsize,
  output wire [1:0]  m_axi_awburst,
  output wire [3:0]  m_axi_awcache,
  output wire [2:0]  m_axi_awprot,
  output wire        m_axi_awvalid,
  input  wire        m_axi_awready,
  output wire [63:0] m_axi_wdata,
  output wire [7:0]  m_axi_wstrb,
  output wire        m_axi_wlast,
  output wire        m_axi_wvalid,
  input  wire        m_axi_wready,
  input  wire [1:0]  m_axi_bresp,
  input  wire        m_axi_bvalid,
  output wire        m_axi_bready
);
  reg [1:0] reset = 2'b11;  // synchronous inside
  always @(posedge aclk) reset <= {reset[0], ~aresetn};

  // Normal, not cached: the driver keeps the memory coherent.
  assign m_axi_arcache = 4'b0011;
  assign m_axi_awcache = 4'b0011;
  assign m_axi_arprot = 3'b000;
  assign m_axi_awprot = 3'b000;
  assign m_axi_arlen[7:4] = 4'b0000;
  assign m_axi_awlen[7:4] = 4'b0000;

  bnn_top #(
    .CLUSTERS(CLUSTERS), .LANE_WORDS(LANE_WORDS), .WEIGHT_ROWS(WEIGHT_ROWS),
    .THRESHOLD_ROWS(THRESHOLD_ROWS), .CONTROL_WORDS(CONTROL_WORDS),
    .OUTPUT_WORDS(OUTPUT_WORDS), .ACCUMULATOR_BITS(ACCUMULATOR_BITS),
    .FINGERPRINT(FINGERPRINT)
  ) engine (
    .clk_i(aclk), .rst_i(reset[1]), .irq_o(irq),
    .s_awvalid_i(s_axi_awvalid), .s_awready_o(s_axi_awready), .s_awaddr_i(s_axi_awaddr),
    .s_wvalid_i(s_axi_wvalid), .s_wready_o(s_axi_wready), .s_wdata_i(s_axi_wdata),
    .s_bvalid_o(s_axi_bvalid), .s_bready_i(s_axi_bready), .s_bresp_o(s_axi_bresp),
    .s_arvalid_i(s_axi_arvalid), .s_arready_o(s_axi_arready), .s_araddr_i(s_axi_araddr),
    .s_rvalid_o(s_axi_rvalid), .s_rready_i(s_axi_rready), .s_rdata_o(s_axi_rdata),
    .s_rresp_o(s_axi_rresp),
    .m_arvalid_o(m_axi_arvalid), .m_arready_i(m_axi_arready), .m_araddr_o(m_axi_araddr),
    .m_arlen_o(m_axi_arlen[3:0]), .m_arsize_o(m_axi_arsize), .m_arburst_o(m_axi_arburst),
    .m_rvalid_i(m_axi_rvalid), .m_rready_o(m_axi_rready), .m_rdata_i(m_axi_rdata),
    .m_rresp_i(m_axi_rresp),
    .m_awvalid_o(m_axi_awvalid), .m_awready_i(m_axi_awready), .m_awaddr_o(m_axi_awaddr),
    .m_awlen_o(m_axi_awlen[3:0]), .m_awsize_o(m_axi_awsize), .m_awburst_o(m_axi_awburst),
    .m_wvalid_o(m_axi_wvalid), .m_wready_i(m_axi_wready), .m_wdata_o(m_axi_wdata),
    .m_wstrb_o(m_axi_wstrb), .m_wlast_o(m_axi_wlast),
    .m_bvalid_i(m_axi_bvalid), .m_bready_o(m_axi_bready), .m_bresp_i(m_axi_bresp)
  );
endmodule
`default_nettype wire
