// The XNOR array: CLUSTERS clusters behind one stream of steps. A step enters in
// cycle t+2 (t: its issue in the golden model) and is at the memories in t+3, where
// writes and STORE's reads arrive too; its signs, its row's polarity and what a
// capture takes are out in t+8.
//
// Cluster c belongs to pixel group q = c & (gp-1), gp = CLUSTERS >> split: it reads
// lane word act + q * cluster_stride and computes the tile's pixels 8q .. 8q+7.
module bnn_array
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
#(
  parameter int unsigned CLUSTERS = 4,           // a power of two, 1..16
  parameter int unsigned LANE_WORDS = 1024,      // even
  parameter int unsigned WEIGHT_ROWS = 512,
  parameter int unsigned THRESHOLD_ROWS = 256,
  parameter int unsigned ACCUMULATOR_BITS = 24   // 8..24
) (
  input  logic                                      clk_i,
  input  step_t                                     step_i,  // t+2
  output logic                                      range_o, // t+4: an address of the step is outside
  // t+8.
  output logic [CLUSTERS-1:0][PIXELS-1:0][CHANNELS-1:0] sign_o,  // acc >= 0
  output logic [CLUSTERS-1:0][CHANNELS-1:0]         polarity_o,
  input  logic [1:0]                                capture_i,  // capture k takes acc, T, polarity
  // Read of a capture; data in the next cycle.
  input  logic                                      capture_read_i,
  input  logic [3:0]                                read_cluster_i,
  input  logic [2:0]                                read_pixel_i,
  output logic [CHANNELS-1:0][ACCUMULATOR_BITS-1:0] value_o,
  output logic [CHANNELS-1:0][ISA_THRESHOLD_BITS-1:0] threshold_o,
  output logic [CHANNELS-1:0]                       value_polarity_o,
  // Writes, at the memories in this cycle; a read in the same cycle sees the old data.
  input  lane_write_t                               lane_write_i,
  input  logic [CLUSTERS-1:0]                       weight_we_i,
  input  logic [12:0]                               weight_row_i,
  input  logic [255:0]                              weight_data_i,     // 32 bits a channel
  input  logic [CLUSTERS-1:0]                       threshold_we_i,
  input  logic [10:0]                               threshold_row_i,
  input  logic [CHANNELS-1:0][31:0]                 threshold_data_i,
  // STORE's read of lane 0, not in a cycle in which a step with mac is at the memories
  // (the cycle after it was step_i); data in the next cycle.
  input  logic                                      store_read_i,
  input  logic [14:0]                               store_pair_i,
  output logic [63:0]                               store_data_o
);

  localparam int LEVELS = $clog2(CLUSTERS);
  localparam int unsigned CLUSTER_BITS = LEVELS > 0 ? LEVELS : 1;
  localparam int unsigned LANE_BITS = $clog2(LANE_WORDS);
  localparam int unsigned WEIGHT_BITS = $clog2(WEIGHT_ROWS);
  localparam int unsigned THRESHOLD_BITS = $clog2(THRESHOLD_ROWS);
  // act + 15 * cluster_stride fits.
  localparam int unsigned FULL_BITS = 19;

  // q of cluster c, bit by bit: bit j counts when the pixel groups are more than 2^j.
  logic [3:0] group_mask;
  always_comb begin
    group_mask = '0;
    for (int j = 0; j < LEVELS; ++j) group_mask[j] = int'(step_i.split) < LEVELS - j;
  end

  // t+2: the stride's multiples. Only the last cluster's address needs all bits: its
  // group is the last one, so no other reads further out.
  logic [CLUSTERS-1:0][LANE_BITS-1:0] act, act_q;
  logic [FULL_BITS-1:0] furthest, furthest_q;
  always_comb begin
    for (int unsigned c = 0; c < CLUSTERS; ++c) act[c] = step_i.act[LANE_BITS-1:0];
    furthest = FULL_BITS'(step_i.act);
    for (int j = 0; j < LEVELS; ++j) begin
      logic [FULL_BITS-1:0] part;
      part = FULL_BITS'(step_i.cluster_stride) << j;
      if (!group_mask[j]) part = '0;
      for (int c = 0; c < int'(CLUSTERS); ++c) begin
        if (c >> j == 1) act[c] = act[c-(1<<j)] + part[LANE_BITS-1:0];
      end
      furthest = furthest + part;
    end
  end

  // The step on its way: s3 in cycle t+3 and so on.
  step_t s3_q;
  logic [CLUSTERS-1:0][PIXELS-1:0] enable, enable3_q, enable4_q, enable5_q, enable6_q, enable7_q;
  logic [31:0] clear4_q;
  logic [3:0] shift4_q;
  logic binary4_q, binary5_q, inject4_q, inject5_q;
  logic [2:0] add3, add4_q, add5_q, add6_q, add7_q;  // {keep, x} of bnn_dsp_simd

  // Held pixels, by cluster: 8q + p >= held_from.
  always_comb begin
    for (int unsigned c = 0; c < CLUSTERS; ++c) begin
      for (int unsigned p = 0; p < PIXELS; ++p) begin
        enable[c][p] = step_i.valid && step_i.op != ACC_OP_HOLD &&
                       {1'b0, 4'(c) & group_mask, 3'(p)} < step_i.held_from;
      end
    end
  end
  always_comb begin
    unique case (s3_q.op)
      ACC_OP_INIT: add3 = 3'b0_11;
      ACC_OP_ZERO: add3 = 3'b0_00;
      ACC_OP_SHIFT: add3 = 3'b1_10;
      ACC_OP_BIAS: add3 = 3'b1_11;
      default: add3 = 3'b1_00;
    endcase
  end

  always_ff @(posedge clk_i) begin
    act_q <= act;
    furthest_q <= furthest;
    s3_q <= step_i;
    enable3_q <= enable;

    clear4_q <= s3_q.mac ? ~s3_q.mask : '1;
    shift4_q <= s3_q.op == ACC_OP_BIAS ? '0 : s3_q.shamt;
    binary4_q <= !s3_q.quad;
    inject4_q <= s3_q.inject && s3_q.op == ACC_OP_SHIFT;
    enable4_q <= enable3_q;
    add4_q <= add3;
    range_o <= s3_q.valid && ((s3_q.mac && furthest_q >= FULL_BITS'(LANE_WORDS)) ||
                              32'(s3_q.weight) >= WEIGHT_ROWS ||
                              32'(s3_q.threshold) >= THRESHOLD_ROWS);

    binary5_q <= binary4_q;
    inject5_q <= inject4_q;
    enable5_q <= enable4_q;
    add5_q <= add4_q;

    enable6_q <= enable5_q;
    add6_q <= add5_q;

    enable7_q <= enable6_q;
    add7_q <= add6_q;
  end

  logic [PIXELS-1:0][LANE_BITS-2:0] lane_write_pair;
  logic [PIXELS-1:0][7:0] lane_write;
  for (genvar p = 0; p < PIXELS; ++p) begin : gen_lane_write
    assign lane_write_pair[p] = lane_write_i.pair[p][LANE_BITS-2:0];
    assign lane_write[p] = lane_write_i.valid[p] ? lane_write_i.bytes[p] : '0;
  end

  logic [CLUSTERS-1:0][PIXELS-1:0][CHANNELS-1:0] negative;
  logic [CLUSTERS-1:0][CHANNELS-1:0][ACCUMULATOR_BITS-1:0] value;
  entry_t [CLUSTERS-1:0][1:0][CHANNELS-1:0] threshold;
  logic [CLUSTERS-1:0][63:0] store_data;
  for (genvar c = 0; c < CLUSTERS; ++c) begin : gen_cluster
    bnn_cluster #(
      .LANE_WORDS(LANE_WORDS),
      .WEIGHT_ROWS(WEIGHT_ROWS),
      .THRESHOLD_ROWS(THRESHOLD_ROWS),
      .ACCUMULATOR_BITS(ACCUMULATOR_BITS),
      .HAS_STORE(c == 0)
    ) u_cluster (
      .clk_i,
      .act_i(act_q[c]),
      .weight_i(s3_q.weight[WEIGHT_BITS-1:0]),
      .threshold_i(s3_q.threshold[THRESHOLD_BITS-1:0]),
      .lane_write_i(lane_write),
      .lane_write_pair_i(lane_write_pair),
      .lane_write_data_i(lane_write_i.data),
      .weight_write_i(weight_we_i[c]),
      .weight_write_row_i(weight_row_i[WEIGHT_BITS-1:0]),
      .weight_write_data_i(weight_data_i),
      .threshold_write_i(threshold_we_i[c]),
      .threshold_write_row_i(threshold_row_i[THRESHOLD_BITS-1:0]),
      .threshold_write_data_i(threshold_data_i),
      .store_read_i,
      .store_pair_i(store_pair_i[LANE_BITS-2:0]),
      .store_data_o(store_data[c]),
      .clear_i(clear4_q),
      .shift_i(shift4_q),
      .binary_i(binary5_q),
      .inject_i(inject5_q),
      .enable_i(enable7_q[c]),
      .x_i(add7_q[1:0]),
      .keep_i(add7_q[2]),
      .negative_o(negative[c]),
      .polarity_o(polarity_o[c]),
      .capture_i,
      .capture_read_i,
      .read_pixel_i,
      .value_o(value[c]),
      .threshold_o(threshold[c])
    );
  end
  assign store_data_o = store_data[0];
  assign sign_o = ~negative;

  // The asked capture, cluster, pixel.
  logic [CLUSTER_BITS-1:0] cluster;
  assign cluster = CLUSTERS == 1 ? '0 : read_cluster_i[CLUSTER_BITS-1:0];
  logic [CHANNELS-1:0][ACCUMULATOR_BITS-1:0] value_d;
  entry_t [CHANNELS-1:0] row_d;
  bnn_mux #(
    .INPUTS(CLUSTERS),
    .WIDTH(CHANNELS * ACCUMULATOR_BITS)
  ) u_value (
    .data_i(value),
    .select_i(cluster),
    .data_o(value_d)
  );
  if (CLUSTERS == 1) begin : gen_row
    assign row_d = threshold[0][capture_read_i];
  end else if (CLUSTERS <= 8) begin : gen_rows
    bnn_mux #(
      .INPUTS(2 * CLUSTERS),
      .WIDTH($bits(row_d))
    ) u_row (
      .data_i(threshold),
      .select_i({cluster, capture_read_i}),
      .data_o(row_d)
    );
  end else begin : gen_rows_wide
    entry_t [CLUSTERS-1:0][CHANNELS-1:0] row;
    for (genvar c = 0; c < CLUSTERS; ++c) begin : gen_row
      assign row[c] = threshold[c][capture_read_i];
    end
    bnn_mux #(
      .INPUTS(CLUSTERS),
      .WIDTH($bits(row_d))
    ) u_row (
      .data_i(row),
      .select_i(cluster),
      .data_o(row_d)
    );
  end
  always_ff @(posedge clk_i) begin
    value_o <= value_d;
    for (int unsigned ch = 0; ch < CHANNELS; ++ch) begin
      threshold_o[ch] <= row_d[ch].t;
      value_polarity_o[ch] <= row_d[ch].polarity;
    end
  end

  // High address bits are range checked by whoever writes, and by range_o.
  logic unused;
  assign unused = ^{read_cluster_i, weight_row_i, threshold_row_i, store_pair_i,
                    lane_write_i.pair, s3_q, store_data};

endmodule
