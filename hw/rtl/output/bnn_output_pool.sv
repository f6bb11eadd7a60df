// Planes and pooling, in cycle t + 8: the signs of one threshold plane of all
// clusters become pooled bytes, or wait in an XOR for the tile's next plane.
//
// One OR network serves plane after plane. OR over a window w, with
// 2^k <= w < 2^(k+1), is the OR of two windows of 2^k that lie w - 2^k apart;
// windows of 2^k are built by doubling. Each cluster makes the four levels of its
// own 8 pixels only; what its first pixels need of those to their left comes from
// the cluster before (`edge`), or, at the first cluster of a channel group, from
// the end of the tile before, kept per (tile, plane). The window is the same for
// all tiles of a stream, so its levels may be kept rather than its bits.
module bnn_output_pool
  import bnn_engine_pkg::*;
#(
    parameter int unsigned CLUSTERS = 4
) (
    input logic clk_i,

    input logic fresh_i,   // the next cycle's sample is a tile's first
    input logic valid_i,   // SIGN sample
    input logic first_i,   // of its tile
    input logic done_i,    // the tile's bits are complete
    input logic [2:0] plane_i,
    input logic [1:0] tile_i,
    input logic pool_first_i,
    input logic [3:0] window_i,
    input logic [1:0] split_i,
    input logic [CLUSTERS-1:0][7:0][7:0] sign_i,  // [cluster][pixel][channel]
    input logic [CLUSTERS-1:0][7:0] polarity_i,

    output logic [CLUSTERS-1:0][7:0][7:0] pooled_o
);
  localparam int unsigned GROUPS = CLUSTERS < 4 ? CLUSTERS : 4;  // most channel groups
  localparam int unsigned STEP = CLUSTERS / GROUPS;              // group starts are multiples
  localparam int unsigned GW = $clog2(GROUPS) + 1;

  // Steps of a channel group - 1.
  logic [GW-1:0] last_step;
  assign last_step = GW'(GROUPS - 1) >> split_i;

  // Polarity: the row of the tile's first sample, in the group's first cluster.
  logic [GROUPS-1:0][7:0] polarity;
  always_comb
    for (int unsigned g = 0; g < GROUPS; ++g) begin
      polarity[g] = polarity_i[0];
      for (int unsigned h = 1; h <= g; ++h)
        if ((GW'(g) & ~last_step) == GW'(h)) polarity[g] = polarity_i[h*STEP];
      if (!first_i) polarity[g] = '0;
    end

  // XOR of the polarity and of the planes so far: of their signs (before pooling)
  // or of their pooled bytes (after); the other one stays 0.
  logic [CLUSTERS-1:0][7:0][7:0] before_q, after_q, in;
  always_ff @(posedge clk_i) begin
    if (valid_i && !pool_first_i) before_q <= in;
    if (valid_i && pool_first_i) after_q <= pooled_o;
    if (fresh_i) begin
      before_q <= '0;
      after_q <= '0;
    end
  end
  always_comb
    for (int unsigned c = 0; c < CLUSTERS; ++c)
      for (int unsigned p = 0; p < PIXELS; ++p)
        in[c][p] = sign_i[c][p] ^ before_q[c][p] ^ (pool_first_i ? 8'd0 : polarity[c/STEP]);

  // Levels of each cluster's pixels.
  logic [CLUSTERS-1:0][7:0][7:0] four;  // windows of up to four
  logic [CLUSTERS-1:0][7:0][7:0] all;   // windows of 2^k
  logic [CLUSTERS-1:0][7:0][7:0] near;  // the same, moved by the even part of w - 2^k

  // The end of the tile before, at the last cluster of each step.
  localparam int unsigned ONES = 3, FOURS = 4, ALLS = 6;  // pixels that are needed of each level
  localparam int unsigned EDGE = ONES + FOURS + ALLS + 1;
  logic [GROUPS-1:0][EDGE-1:0][7:0] kept, past;  // of a step; of the group that starts there
  logic [GROUPS-1:0] start;           // steps that start a channel group
  logic [4:0] slot;
  logic keep;
  assign slot = {tile_i, pool_first_i ? plane_i : 3'd0};
  assign keep = valid_i && (pool_first_i || done_i);
  for (genvar g = 0; g < int'(GROUPS); ++g) begin : g_past
    localparam int unsigned LAST = g * STEP + STEP - 1;
    (* ram_style = "distributed" *) logic [EDGE*8-1:0] ram[32];
    assign start[g] = (GW'(g) & last_step) == 0;
    always_ff @(posedge clk_i)
      if (keep) ram[slot] <= {near[LAST][7], all[LAST][7-:ALLS], four[LAST][7-:FOURS], in[LAST][7-:ONES]};
    assign kept[g] = ram[slot];
    always_comb begin
      past[g] = kept[g];
      for (int unsigned h = g + 1; h < GROUPS; ++h)
        if (GW'(h - g) == last_step) past[g] = kept[h];
    end
  end

  // Windows: doubled to 2^k, then two of them.
  logic pairs, fours, eights;
  logic [2:0] apart;
  assign pairs = |window_i[3:1];
  assign fours = |window_i[3:2];
  assign eights = window_i[3];
  assign apart = eights ? window_i[2:0]
               : fours ? {1'b0, window_i[1:0]}
               : pairs ? {2'b0, window_i[0]} : 3'd0;
  for (genvar c = 0; c < int'(CLUSTERS); ++c) begin : g_or
    localparam int unsigned G = c / STEP;
    localparam int unsigned B = c == 0 ? 0 : c - 1;
    logic begins;
    logic [7:0] after_polarity;
    logic [ONES+7:0][7:0] x;    // with what lies to the left
    logic [7:0][7:0] xf;
    logic [ALLS+7:0][7:0] xa;
    logic [8:0][7:0] xn;
    assign after_polarity = pool_first_i ? polarity[G] : 8'd0;
    assign begins = c == 0 || c % STEP == 0 && start[G];
    assign x = {in[c], begins ? past[G][0+:ONES] : in[B][7-:ONES]};
    assign xf = {four[c][7-FOURS:0], begins ? past[G][ONES+:FOURS] : four[B][7-:FOURS]};
    assign xa = {all[c], begins ? past[G][ONES+FOURS+:ALLS] : all[B][7-:ALLS]};
    assign xn = {near[c], begins ? past[G][EDGE-1] : near[B][7]};
    for (genvar p = 0; p < 8; ++p) begin : g_pixel
      // x0 | pairs & x1 | fours & (x2 | x3)
      bnn_lut #(.INIT(64'hfffe_fffa_eeee_aaaa), .WIDTH(8)) of_four (
          .data_i({{8{fours}}, {8{pairs}}, x[p], x[p+1], x[p+2], x[p+3]}), .data_o(four[c][p]));
      assign all[c][p] = four[c][p] | (eights ? xf[p] : 8'd0);
      bnn_lut #(.INIT(64'hff00_f0f0_cccc_aaaa), .WIDTH(8)) of_near (  // a multiplexer
          .data_i({{8{apart[2]}}, {8{apart[1]}}, xa[p], xa[p+2], xa[p+4], xa[p+6]}),
          .data_o(near[c][p]));
      // (all | (apart[0] ? left one's near : near)) ^ after ^ polarity
      bnn_lut #(.INIT(64'heefa_1105_1105_eefa), .WIDTH(8)) of_pooled (
          .data_i({after_polarity, after_q[c][p], {8{apart[0]}}, xn[p+1], xn[p], all[c][p]}),
          .data_o(pooled_o[c][p]));
    end
  end
endmodule
