// A beat of the stream becomes each lane's 8-byte word at that lane's phase.
//
// Lane p takes the 8 bytes that end 16 - shift .. of {beat, beat before} with
// shift = 1..8 = p * phase mod 8 (8 for 0), and word j = k - ceil(p * phase / 8).
// Lanes 1 and 5, 3 and 7, 2 and 6 have the same shift but for a multiple of 4:
// they share its low part; lane 4's shift is 4 or 8, lane 0's always 8.
module bnn_output_align
  import bnn_engine_pkg::*;
#(
    parameter int unsigned LANE_WORDS = 1536
) (
    input logic clk_i,
    input logic rst_i,

    input logic valid_i,
    input logic [15:0][7:0] bytes_i,
    input logic [4:0] end_i,
    input logic [7:0] index_i,
    input logic [15:0] pair_i,
    input logic [7:0] phase_i,

    output logic write_valid_o,
    output lane_write_t write_o,
    output logic trap_o  // a write beyond the lanes; none follows until reset
);
  // Bytes with their enables.
  logic [15:0][8:0] x;
  always_comb for (int i = 0; i < 16; ++i) x[i] = {5'(i) < end_i, bytes_i[i]};

  // -p * phase: its words, rounded down, are minus the ceiling that is wanted.
  logic [7:0][11:0] minus;
  always_comb begin  // sums of shifts: no multiplier
    minus = '0;
    minus[1] = 12'd0 - 12'(phase_i);
    minus[2] = {minus[1][10:0], 1'b0};
    minus[3] = minus[1] + minus[2];
    minus[4] = {minus[1][9:0], 2'b0};
    minus[5] = minus[1] + minus[4];
    minus[6] = {minus[3][10:0], 1'b0};
    minus[7] = minus[3] + minus[4];
  end

  // Low part of the shift, 1..4, for the lanes p and p + 4.
  logic [3:0][2:0] shift;      // (p * phase - 1) mod 8 of lane p = 0..3
  logic [3:0][11:0][8:0] low;  // bytes 0..11 behind it
  logic [7:0][7:0][8:0] word;
  for (genvar p = 0; p < 4; ++p) begin : g_low
    assign shift[p] = ~minus[p][2:0];
    if (p == 0) begin : g_wires
      assign low[p] = x[15:4];
    end else if (p == 2) begin : g_even
      assign low[p] = shift[2][1] ? x[15:4] : x[13:2];
    end else begin : g_odd
      bnn_mux #(.INPUTS(4), .WIDTH(108)) mux (
          .data_i({x[15:4], x[14:3], x[13:2], x[12:1]}), .select_i(shift[p][1:0]), .data_o(low[p]));
    end
  end
  always_comb begin
    for (int p = 0; p < 8; ++p)
      for (int q = 0; q < 8; ++q) begin
        if (p == 0) word[p][q] = x[q+8];
        else word[p][q] = shift[p%4][2] ^ (p >= 4 && phase_i[0]) ? low[p%4][q+4] : low[p%4][q];
      end
  end

  logic beyond, broken_q;  // lane 0 is ahead of all others: it meets the end first
  assign beyond = valid_i && word[0][0][8] && pair_i >= 16'(LANE_WORDS / 2);
  logic [7:0] valid;
  /* verilator lint_off UNUSEDSIGNAL */  // its sign alone
  logic [7:0][9:0] place;
  /* verilator lint_on UNUSEDSIGNAL */
  always_comb
    for (int p = 0; p < 8; ++p) begin
      place[p] = 10'(index_i) + 10'($signed(minus[p][11:3]));
      valid[p] = valid_i && !beyond && !broken_q && word[p][0][8]
               && !place[p][9];
    end

  always_ff @(posedge clk_i) begin
    write_valid_o <= |valid;
    write_o.valid <= valid;
    for (int p = 0; p < 8; ++p) begin
      write_o.pair[p] <= pair_i[14:0] + 15'($signed(minus[p][11:3]));
      for (int q = 0; q < 8; ++q) {write_o.bytes[p][q], write_o.data[p][8*q+:8]} <= word[p][q];
    end
    trap_o <= beyond && !broken_q;
    if (beyond) broken_q <= 1'b1;
    if (rst_i) begin
      write_valid_o <= 1'b0;
      write_o.valid <= '0;
      broken_q <= 1'b0;
      trap_o <= 1'b0;
    end
  end
endmodule
