// One cluster: eight lane memories, weights and thresholds of eight channels, 64
// accumulators and their two captures. All decisions come from bnn_array, each in
// the cycle in which it acts (t: issue of the step, see docs/rtl.md).
module bnn_cluster
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
#(
  parameter int unsigned LANE_WORDS = 1024,
  parameter int unsigned WEIGHT_ROWS = 512,
  parameter int unsigned THRESHOLD_ROWS = 256,
  parameter int unsigned ACCUMULATOR_BITS = 24,
  parameter bit          HAS_STORE = 0,  // lane 0 is also read in pairs of words
  localparam int unsigned LANE_BITS = $clog2(LANE_WORDS),
  localparam int unsigned WEIGHT_BITS = $clog2(WEIGHT_ROWS),
  localparam int unsigned THRESHOLD_BITS = $clog2(THRESHOLD_ROWS)
) (
  input  logic                                      clk_i,
  // t+3: at the memories, reads and writes.
  input  logic [LANE_BITS-1:0]                      act_i,
  input  logic [WEIGHT_BITS-1:0]                    weight_i,
  input  logic [THRESHOLD_BITS-1:0]                 threshold_i,
  input  logic [PIXELS-1:0][LANE_BITS-2:0]          lane_write_pair_i,
  input  logic [PIXELS-1:0][63:0]                   lane_write_data_i,
  input  logic [PIXELS-1:0][7:0]                    lane_write_i,  // byte enables
  input  logic                                      weight_write_i,
  input  logic [WEIGHT_BITS-1:0]                    weight_write_row_i,
  input  logic [255:0]                              weight_write_data_i,
  input  logic                                      threshold_write_i,
  input  logic [THRESHOLD_BITS-1:0]                 threshold_write_row_i,
  input  logic [CHANNELS-1:0][31:0]                 threshold_write_data_i,
  input  logic                                      store_read_i,
  input  logic [LANE_BITS-2:0]                      store_pair_i,
  output logic [63:0]                               store_data_o,  // next cycle
  // t+4.
  input  logic [31:0]                               clear_i,  // activation bits that do not count
  input  logic [3:0]                                shift_i,  // of T
  // t+5.
  input  logic                                      binary_i,
  input  logic                                      inject_i,
  // t+7.
  input  logic [PIXELS-1:0]                         enable_i,
  input  logic [1:0]                                x_i,  // of bnn_dsp_simd
  input  logic                                      keep_i,
  // t+8.
  output logic [PIXELS-1:0][CHANNELS-1:0]           negative_o,  // acc < 0
  output logic [CHANNELS-1:0]                       polarity_o,
  input  logic [1:0]                                capture_i,
  // Captures, in the cycle in which they are asked for.
  input  logic                                      capture_read_i,
  input  logic [2:0]                                read_pixel_i,
  output logic [CHANNELS-1:0][ACCUMULATOR_BITS-1:0] value_o,
  output entry_t [1:0][CHANNELS-1:0]                threshold_o  // of both captures
);

  // t+4: memory data; t+5: what the dot-product units see.
  logic [PIXELS-1:0][31:0] lane_data, activation_q;
  logic [CHANNELS-1:0][31:0] weight_data, weight_q;
  entry_t [CHANNELS-1:0] threshold_data, threshold_write_data;

  for (genvar p = 0; p < PIXELS; ++p) begin : gen_lane
    if (HAS_STORE && p == 0) begin : gen_pairs
      logic odd_q;
      bnn_lane_memory_pairs #(
        .WORDS(LANE_WORDS)
      ) u_memory (
        .clk_i,
        .write_i(lane_write_i[p]),
        .write_pair_i(lane_write_pair_i[p]),
        .write_data_i(lane_write_data_i[p]),
        .read_pair_i(store_read_i ? store_pair_i : act_i[LANE_BITS-1:1]),
        .read_data_o(store_data_o)
      );
      always_ff @(posedge clk_i) odd_q <= act_i[0];
      assign lane_data[p] = odd_q ? store_data_o[63:32] : store_data_o[31:0];
    end else begin : gen_words
      bnn_lane_memory #(
        .WORDS(LANE_WORDS)
      ) u_memory (
        .clk_i,
        .write_i(lane_write_i[p]),
        .write_pair_i(lane_write_pair_i[p]),
        .write_data_i(lane_write_data_i[p]),
        .read_word_i(act_i),
        .read_data_o(lane_data[p])
      );
    end
  end
  if (!HAS_STORE) begin : gen_no_store
    logic unused_store;
    assign unused_store = ^{store_read_i, store_pair_i};
    assign store_data_o = '0;
  end

  bnn_row_memory #(
    .ROWS(WEIGHT_ROWS),
    .WIDTH(256)
  ) u_weights (
    .clk_i,
    .write_i(weight_write_i),
    .write_row_i(weight_write_row_i),
    .write_data_i(weight_write_data_i),
    .read_row_i(weight_i),
    .read_data_o(weight_data)
  );
  for (genvar ch = 0; ch < CHANNELS; ++ch) begin : gen_entry
    assign threshold_write_data[ch] = '{
        polarity: threshold_write_data_i[ch][ISA_POLARITY_BIT],
        t: threshold_write_data_i[ch][ISA_THRESHOLD_BITS-1:0]
    };
  end
  logic unused_entries;
  assign unused_entries = ^threshold_write_data_i;
  bnn_row_memory #(
    .ROWS(THRESHOLD_ROWS),
    .WIDTH($bits(threshold_write_data))
  ) u_thresholds (
    .clk_i,
    .write_i(threshold_write_i),
    .write_row_i(threshold_write_row_i),
    .write_data_i(threshold_write_data),
    .read_row_i(threshold_i),
    .read_data_o(threshold_data)
  );

  // Bits that do not count: activation 0 and weight 1 differ, so their product is 0.
  // Synchronous resets and sets, no LUT.
  always_ff @(posedge clk_i) begin
    for (int unsigned i = 0; i < 32; ++i) begin
      for (int unsigned p = 0; p < PIXELS; ++p) begin
        activation_q[p][i] <= clear_i[i] ? 1'b0 : lane_data[p][i];
      end
      for (int unsigned ch = 0; ch < CHANNELS; ++ch) begin
        weight_q[ch][i] <= clear_i[i] ? 1'b1 : weight_data[ch][i];
      end
    end
  end

  logic [CHANNELS-1:0][ACCUMULATOR_BITS-1:0] bias, bias_q;
  logic [CHANNELS-1:0] bit_t;
  for (genvar ch = 0; ch < CHANNELS; ++ch) begin : gen_bias
    bnn_bias #(
      .BITS(ACCUMULATOR_BITS)
    ) u_bias (
      .clk_i,
      .threshold_i(threshold_data[ch].t),
      .shift_i,
      .bias_o(bias[ch]),
      .bit_o(bit_t[ch])
    );
  end
  always_ff @(posedge clk_i) bias_q <= bias;

  logic [PIXELS-1:0][CHANNELS-1:0][ACCUMULATOR_BITS-1:0] acc;
  for (genvar p = 0; p < PIXELS; ++p) begin : gen_pixel
    bnn_pixel #(
      .ACCUMULATOR_BITS(ACCUMULATOR_BITS)
    ) u_pixel (
      .clk_i,
      .activation_i(activation_q[p]),
      .weight_i(weight_q),
      .binary_i,
      .inject_i(bit_t & {CHANNELS{inject_i}}),
      .bias_i(bias_q),
      .enable_i(enable_i[p]),
      .x_i,
      .keep_i,
      .acc_o(acc[p])
    );
    for (genvar ch = 0; ch < CHANNELS; ++ch) begin : gen_negative
      assign negative_o[p][ch] = acc[p][ch][ACCUMULATOR_BITS-1];
    end
  end

  // The step's threshold row beside its accumulators: t+5 .. t+8.
  entry_t [3:0][CHANNELS-1:0] threshold_q;
  always_ff @(posedge clk_i) threshold_q <= {threshold_q[2:0], threshold_data};

  for (genvar ch = 0; ch < CHANNELS; ++ch) begin : gen_polarity
    assign polarity_o[ch] = threshold_q[3][ch].polarity;
  end

  logic [1:0][PIXELS-1:0][CHANNELS-1:0][ACCUMULATOR_BITS-1:0] capture_q;
  always_ff @(posedge clk_i) begin
    for (int unsigned k = 0; k < 2; ++k) begin
      if (capture_i[k]) begin
        capture_q[k] <= acc;
        threshold_o[k] <= threshold_q[3];
      end
    end
  end
  bnn_mux #(
    .INPUTS(16),
    .WIDTH(CHANNELS * ACCUMULATOR_BITS)
  ) u_read (
    .data_i(capture_q),
    .select_i({capture_read_i, read_pixel_i}),
    .data_o(value_o)
  );

endmodule
