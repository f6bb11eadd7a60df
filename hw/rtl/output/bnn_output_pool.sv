// Planes and pooling, in cycle t + 8: the signs of one threshold plane of all
// clusters become pooled bytes, or wait in an XOR for the tile's next plane.
//
// One OR network per cluster serves plane after plane. OR over a window w, with
// 2^k <= w < 2^(k+1), is the OR of two windows of 2^k that lie w - 2^k apart;
// windows of 2^k are built by doubling. A cluster's 8 pixels need 14 pixels to
// their left: those of its neighbours in the channel group, and at the group's
// first cluster the end of the tile before, kept per (tile, plane).
module bnn_output_pool
  import bnn_engine_pkg::*;
#(
    parameter int unsigned CLUSTERS = 4
) (
    input logic clk_i,

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
  localparam int unsigned LOG = $clog2(CLUSTERS);
  localparam int unsigned PAST = 14;                             // pixels of history
  localparam int unsigned GROUPS = CLUSTERS < 4 ? CLUSTERS : 4;  // most channel groups
  localparam int unsigned STEP = CLUSTERS / GROUPS;              // group starts are multiples

  // The clusters of a group: pixel groups gp - 1.
  logic [LOG:0] last_group;
  assign last_group = (LOG + 1)'((32'(CLUSTERS) >> split_i) - 1);

  // Polarity: the row of the tile's first sample, in the group's first cluster.
  logic [CLUSTERS-1:0][7:0] group_polarity, polarity_q, polarity;
  always_comb begin
    for (int unsigned c = 0; c < CLUSTERS; ++c) begin
      group_polarity[c] = polarity_i[0];
      for (int unsigned h = STEP; h <= c; h += STEP)
        if (((LOG + 1)'(c) & ~last_group) == (LOG + 1)'(h)) group_polarity[c] = polarity_i[h];
    end
  end
  assign polarity = first_i ? group_polarity : polarity_q;
  always_ff @(posedge clk_i) if (valid_i && first_i) polarity_q <= group_polarity;

  // XOR of the planes so far: of their signs, or of their pooled bytes.
  logic [CLUSTERS-1:0][7:0][7:0] xor_q, earlier, in, pooled;
  assign earlier = first_i ? '0 : xor_q;
  always_comb
    for (int unsigned c = 0; c < CLUSTERS; ++c)
      for (int unsigned p = 0; p < PIXELS; ++p) begin
        in[c][p] = pool_first_i ? sign_i[c][p] : sign_i[c][p] ^ earlier[c][p] ^ polarity[c];
        pooled_o[c][p] = pool_first_i ? pooled[c][p] ^ earlier[c][p] ^ polarity[c] : pooled[c][p];
      end
  always_ff @(posedge clk_i)
    if (valid_i) xor_q <= earlier ^ (pool_first_i ? pooled : sign_i);

  // 14 pixels to the left of each cluster; index 13 is the nearest.
  logic [CLUSTERS-1:0][PAST-1:0][7:0] past;
  logic [GROUPS-1:0][PAST-1:0][7:0] history;
  logic [4:0] slot;
  logic keep;
  assign slot = {tile_i, pool_first_i ? plane_i : 3'd0};
  assign keep = valid_i && (pool_first_i || done_i);
  always_comb
    for (int unsigned c = 0; c < CLUSTERS; ++c) begin
      past[c] = history[c/STEP];
      if (((LOG + 1)'(c) & last_group) != 0) past[c] = {in[c-1], past[c-1][PAST-1-:6]};
    end
  for (genvar h = 0; h < int'(GROUPS); ++h) begin : g_history
    localparam int unsigned C = h * STEP;
    (* ram_style = "distributed" *) logic [PAST*8-1:0] ram[32];
    logic [PAST-1:0][7:0] next;
    assign history[h] = ram[slot];
    always_comb begin
      next = {in[C], past[C][PAST-1-:6]};
      for (int unsigned c = C + 1; c < CLUSTERS; ++c)
        if ((LOG + 1)'(c) == (LOG + 1)'(C) + last_group) next = {in[c], past[c][PAST-1-:6]};
    end
    always_ff @(posedge clk_i) if (keep) ram[slot] <= next;
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
    logic [PAST+7:0][7:0] x, four, all, near;
    assign x = {in[c], past[c]};
    always_comb begin
      four = '0;
      all = '0;
      near = '0;
      for (int i = 3; i < int'(PAST) + 8; ++i)
        four[i] = x[i] | (pairs ? x[i-1] : 8'd0) | (fours ? x[i-2] | x[i-3] : 8'd0);
      for (int i = 7; i < int'(PAST) + 8; ++i)
        all[i] = four[i] | (eights ? four[i-4] : 8'd0);
      for (int i = int'(PAST) - 1; i < int'(PAST) + 8; ++i) begin
        unique case (apart[2:1])
          2'd0: near[i] = all[i];
          2'd1: near[i] = all[i-2];
          2'd2: near[i] = all[i-4];
          default: near[i] = all[i-6];
        endcase
      end
      for (int p = 0; p < 8; ++p)
        pooled[c][p] = all[int'(PAST)+p] | (apart[0] ? near[int'(PAST)+p-1] : near[int'(PAST)+p]);
    end
  end
endmodule
