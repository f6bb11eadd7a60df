// The AXI4-Lite port: one response for each access, in its own time, never
// withdrawn or changed; a write is what a later read gives.
module axi_lite_properties
  import bnn_isa_pkg::*;
(
  input logic clk_i,
  input logic rst_i,
  input logic awvalid_i,
  input logic [6:0] awaddr_i,
  input logic wvalid_i,
  input logic [31:0] wdata_i,
  input logic bready_i,
  input logic arvalid_i,
  input logic [6:0] araddr_i,
  input logic rready_i,
  input logic busy_i,
  input logic finished_i,
  input logic stopped_i,
  input trap_e trap_i,
  input logic [9:0] trap_index_i,
  input logic [1:0][31:0] counter_i,
  input logic [6:0] any_register_i,  // free and constant
  input logic watch_i
);
  logic awready, wready, bvalid, arready, rvalid, start, reuse, stop, irq;
  logic [31:0] rdata, code_begin, code_end, windows;
  logic [28:0] input_stride, output_stride;
  logic [3:0][28:0] base, size;
  bnn_registers #(.COUNTERS(2)) dut (
    .clk_i, .rst_i, .awvalid_i, .awready_o(awready), .awaddr_i, .wvalid_i, .wready_o(wready),
    .wdata_i, .bvalid_o(bvalid), .bready_i, .arvalid_i, .arready_o(arready), .araddr_i,
    .rvalid_o(rvalid), .rready_i, .rdata_o(rdata), .start_o(start), .reuse_o(reuse),
    .stop_o(stop), .code_begin_o(code_begin), .code_end_o(code_end), .windows_o(windows),
    .input_stride_o(input_stride), .output_stride_o(output_stride), .base_o(base), .size_o(size),
    .busy_i, .finished_i, .stopped_i, .trap_i, .trap_index_i, .counter_i, .irq_o(irq));

  logic started = 1'b0;
  logic [7:0] writes, reads;    // accesses taken and not answered
  logic aw_taken, w_taken, ar_taken, b_waited = 1'b0, r_waited = 1'b0;
  logic [31:0] waiting;
  // One configuration register, as a host sees it.
  logic [6:0] which = '0;
  logic written = 1'b0, asked = 1'b0, told = 1'b0;
  logic [31:0] value, answer, mask;
  logic settable;
  assign settable = which == 7'h14 || which == 7'h15 || which == 7'h16 || which == 7'h17 ||
                    which == 7'h18 || which[6:3] == 4'h4;
  assign mask = which == 7'h17 || which == 7'h18 || which[6:3] == 4'h4 ? 32'hffff_fff8 : '1;

  assign aw_taken = awvalid_i && awready;
  assign w_taken  = wvalid_i && wready;
  assign ar_taken = arvalid_i && arready;
  always_ff @(posedge clk_i) begin
    started <= 1'b1;
    if (!started) which <= any_register_i;
    writes <= writes + 8'(aw_taken) - 8'(bvalid && bready_i);
    reads  <= reads + 8'(ar_taken) - 8'(rvalid && rready_i);
    b_waited <= bvalid && !bready_i && !rst_i;
    r_waited <= rvalid && !rready_i && !rst_i;
    waiting  <= rdata;
    if (aw_taken && awaddr_i == which) begin
      written <= 1'b1;
      value   <= wdata_i & mask;
    end
    asked <= ar_taken && araddr_i == which && written;
    answer <= value;
    if (rst_i) begin
      writes  <= '0;
      reads   <= '0;
      asked   <= 1'b0;
      written <= 1'b0;
    end
  end

  always_comb begin
    assume (started || rst_i);
    if (started && !rst_i) begin
      assert (aw_taken == w_taken);       // address and data are taken together
      assert (writes == 8'(bvalid));      // one response each, at most one owed
      assert (reads == 8'(rvalid));
      if (b_waited) assert (bvalid);
      if (r_waited) assert (rvalid && rdata == waiting);
      // No access waits for ever: taken as soon as the response before it leaves.
      if (awvalid_i && wvalid_i && bready_i) assert (aw_taken);
      if (arvalid_i && rready_i) assert (ar_taken);
      if (settable && asked) assert (rvalid && rdata == answer);
      cover (settable && asked && rvalid && answer == 32'h1238);
      // What induction needs: the register behind its address.
      if (settable && written) begin
        unique case (which)
          7'h14: assert (code_begin == value);
          7'h15: assert (code_end == value);
          7'h16: assert (windows == value);
          7'h17: assert ({input_stride, 3'd0} == value);
          7'h18: assert ({output_stride, 3'd0} == value);
          default: assert ({which[0] ? size[which[2:1]] : base[which[2:1]], 3'd0} == value);
        endcase
      end
    end
  end
endmodule
