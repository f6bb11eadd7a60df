// The AXI4-Lite registers (docs/rtl.md has the table). One access at a time; a
// read of an address without a register gives 0, a write there does nothing.
module bnn_registers
  import bnn_isa_pkg::*;
#(
  parameter logic [31:0] FINGERPRINT = 32'h0,
  parameter int unsigned CLUSTERS = 4,
  parameter int unsigned LANE_WORDS = 1536,
  parameter int unsigned WEIGHT_ROWS = 512,
  parameter int unsigned THRESHOLD_ROWS = 256,
  parameter int unsigned CONTROL_WORDS = 64,
  parameter int unsigned OUTPUT_WORDS = 1024,
  parameter int unsigned ACCUMULATOR_BITS = 24,
  parameter int unsigned COUNTERS = 18
) (
  input  logic                      clk_i,
  input  logic                      rst_i,
  input  logic                      awvalid_i,
  output logic                      awready_o,
  input  logic [6:0]                awaddr_i,   // words of 32 bits
  input  logic                      wvalid_i,
  output logic                      wready_o,
  input  logic [31:0]               wdata_i,
  output logic                      bvalid_o,
  input  logic                      bready_i,
  input  logic                      arvalid_i,
  output logic                      arready_o,
  input  logic [6:0]                araddr_i,
  output logic                      rvalid_o,
  input  logic                      rready_i,
  output logic [31:0]               rdata_o,

  output logic                      start_o,  // pulses
  output logic                      reuse_o,
  output logic                      stop_o,
  output logic [31:0]               code_begin_o,
  output logic [31:0]               code_end_o,
  output logic [31:0]               windows_o,
  output logic [28:0]               input_stride_o,   // beats of 8 bytes, as the next ones
  output logic [28:0]               output_stride_o,
  output logic [3:0][28:0]          base_o,
  output logic [3:0][28:0]          size_o,
  input  logic                      busy_i,
  input  logic                      finished_i,
  input  logic                      stopped_i,
  input  trap_e                     trap_i,
  input  logic [9:0]                trap_index_i,
  input  logic [COUNTERS-1:0][31:0] counter_i,
  output logic                      irq_o
);
  localparam logic [31:0] MAGIC = 32'h314e4e42;  // "BNN1"
  logic write, read, irq_enable, irq, done;
  logic [6:0] to, from;  // word addresses

  assign write     = awvalid_i && wvalid_i && (!bvalid_o || bready_i);
  assign awready_o = write;
  assign wready_o  = write;
  assign read      = arvalid_i && (!rvalid_o || rready_i);
  assign arready_o = read;
  assign to        = awaddr_i;
  assign from      = araddr_i;
  assign irq_o     = irq && irq_enable;

  always_ff @(posedge clk_i) begin
    start_o <= 1'b0;
    stop_o  <= 1'b0;
    if (bready_i) bvalid_o <= 1'b0;
    if (write) begin
      bvalid_o <= 1'b1;
      unique case (to)
        7'h10: begin
          start_o <= wdata_i[0] && !busy_i;
          reuse_o <= wdata_i[1];
          stop_o  <= wdata_i[2];
          if (wdata_i[0] && !busy_i) done <= 1'b0;
        end
        7'h12: irq_enable <= wdata_i[0];
        7'h13: if (wdata_i[0]) irq <= 1'b0;
        7'h14: code_begin_o <= wdata_i;
        7'h15: code_end_o <= wdata_i;
        7'h16: windows_o <= wdata_i;
        7'h17: input_stride_o <= wdata_i[31:3];
        7'h18: output_stride_o <= wdata_i[31:3];
        default:
        if (to[6:3] == 4'h4) begin
          if (to[0]) size_o[to[2:1]] <= wdata_i[31:3];
          else base_o[to[2:1]] <= wdata_i[31:3];
        end
      endcase
    end
    if (finished_i) begin
      done <= 1'b1;
      irq  <= 1'b1;
    end
    if (rst_i) begin
      bvalid_o   <= 1'b0;
      irq        <= 1'b0;
      irq_enable <= 1'b0;
      done       <= 1'b0;
      start_o    <= 1'b0;
      stop_o     <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rready_i) rvalid_o <= 1'b0;
    if (read) begin
      rvalid_o <= 1'b1;
      unique case (from)
        7'h00: rdata_o <= MAGIC;
        7'h01: rdata_o <= 32'(ISA_VERSION);
        7'h02: rdata_o <= FINGERPRINT;
        7'h03: rdata_o <= 32'(CLUSTERS);
        7'h04: rdata_o <= 32'(LANE_WORDS);
        7'h05: rdata_o <= 32'(WEIGHT_ROWS);
        7'h06: rdata_o <= 32'(THRESHOLD_ROWS);
        7'h07: rdata_o <= 32'(CONTROL_WORDS);
        7'h08: rdata_o <= 32'(OUTPUT_WORDS);
        7'h09: rdata_o <= 32'(ACCUMULATOR_BITS);
        7'h11: rdata_o <= {6'd0, trap_index_i, 8'd0, trap_i, stopped_i, trap_i != TRAP_NONE, done,
                           busy_i || start_o};
        7'h12: rdata_o <= 32'(irq_enable);
        7'h13: rdata_o <= 32'(irq);
        7'h14: rdata_o <= code_begin_o;
        7'h15: rdata_o <= code_end_o;
        7'h16: rdata_o <= windows_o;
        7'h17: rdata_o <= {input_stride_o, 3'd0};
        7'h18: rdata_o <= {output_stride_o, 3'd0};
        default: begin
          rdata_o <= '0;
          if (from[6:3] == 4'h4)
            rdata_o <= from[0] ? {size_o[from[2:1]], 3'd0} : {base_o[from[2:1]], 3'd0};
          else if (from[6:5] == 2'd2 && 32'(from[4:0]) < COUNTERS) rdata_o <= counter_i[from[4:0]];
        end
      endcase
    end
    if (rst_i) rvalid_o <= 1'b0;
  end
endmodule
