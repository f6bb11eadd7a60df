// bnn_array with its structs taken apart, for the C++ bench.
module array_bench
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
#(
  parameter int unsigned CLUSTERS = 4,
  parameter int unsigned LANE_WORDS = 64,
  parameter int unsigned WEIGHT_ROWS = 16,
  parameter int unsigned THRESHOLD_ROWS = 8,
  parameter int unsigned ACCUMULATOR_BITS = 24
) (
  input  logic        clk_i,
  input  logic        valid_i,
  input  logic [2:0]  op_i,
  input  logic        mac_i,
  input  logic        quad_i,
  input  logic [31:0] mask_i,
  input  logic [15:0] act_i,
  input  logic [12:0] weight_i,
  input  logic [10:0] threshold_i,
  input  logic [13:0] cluster_stride_i,
  input  logic [1:0]  split_i,
  input  logic [3:0]  shamt_i,
  input  logic        inject_i,
  input  logic [7:0]  held_from_i,
  output logic        range_o,
  output logic [7:0]  sign_o[CLUSTERS][PIXELS],
  output logic [7:0]  polarity_o[CLUSTERS],
  input  logic [1:0]  capture_i,
  input  logic        capture_read_i,
  input  logic [3:0]  read_cluster_i,
  input  logic [2:0]  read_pixel_i,
  output logic [31:0] value_o[CHANNELS],
  output logic [23:0] read_threshold_o[CHANNELS],
  output logic [7:0]  read_polarity_o,
  input  logic [7:0]  lane_valid_i,
  input  logic [14:0] lane_pair_i[PIXELS],
  input  logic [63:0] lane_data_i[PIXELS],
  input  logic [7:0]  lane_bytes_i[PIXELS],
  input  logic [15:0] weight_we_i,
  input  logic [12:0] weight_row_i,
  input  logic [31:0] weight_data_i[CHANNELS],
  input  logic [15:0] threshold_we_i,
  input  logic [10:0] threshold_row_i,
  input  logic [31:0] threshold_data_i[CHANNELS],
  input  logic        store_read_i,
  input  logic [14:0] store_pair_i,
  output logic [63:0] store_data_o
);

  step_t step;
  assign step = '{
      valid: valid_i,
      op: acc_op_e'(op_i),
      mac: mac_i,
      quad: quad_i,
      mask: mask_i,
      act: act_i,
      weight: weight_i,
      threshold: threshold_i,
      cluster_stride: cluster_stride_i,
      split: split_i,
      shamt: shamt_i,
      inject: inject_i,
      held_from: held_from_i
  };

  lane_write_t lane_write;
  assign lane_write.valid = lane_valid_i;
  logic [CLUSTERS-1:0][PIXELS-1:0][CHANNELS-1:0] sign;
  logic [CLUSTERS-1:0][CHANNELS-1:0] polarity;
  for (genvar p = 0; p < PIXELS; ++p) begin : gen_pixel
    assign lane_write.pair[p] = lane_pair_i[p];
    assign lane_write.data[p] = lane_data_i[p];
    assign lane_write.bytes[p] = lane_bytes_i[p];
  end
  for (genvar c = 0; c < CLUSTERS; ++c) begin : gen_cluster
    assign polarity_o[c] = polarity[c];
    for (genvar p = 0; p < PIXELS; ++p) begin : gen_sign
      assign sign_o[c][p] = sign[c][p];
    end
  end
  logic [CHANNELS-1:0][ACCUMULATOR_BITS-1:0] value;
  logic [CHANNELS-1:0][23:0] read_threshold;
  logic [CHANNELS-1:0][31:0] weight_data;
  logic [CHANNELS-1:0][31:0] threshold_data;
  for (genvar ch = 0; ch < CHANNELS; ++ch) begin : gen_channel
    assign value_o[ch] = 32'(signed'(value[ch]));
    assign read_threshold_o[ch] = read_threshold[ch];
    assign weight_data[ch] = weight_data_i[ch];
    assign threshold_data[ch] = threshold_data_i[ch];
  end
  if (CLUSTERS < 16) begin : gen_unused
    logic unused;
    assign unused = ^{weight_we_i[15:CLUSTERS], threshold_we_i[15:CLUSTERS]};
  end

  bnn_array #(
    .CLUSTERS(CLUSTERS),
    .LANE_WORDS(LANE_WORDS),
    .WEIGHT_ROWS(WEIGHT_ROWS),
    .THRESHOLD_ROWS(THRESHOLD_ROWS),
    .ACCUMULATOR_BITS(ACCUMULATOR_BITS)
  ) u_array (
    .clk_i,
    .step_i(step),
    .range_o,
    .sign_o(sign),
    .polarity_o(polarity),
    .capture_i,
    .capture_read_i,
    .read_cluster_i,
    .read_pixel_i,
    .value_o(value),
    .threshold_o(read_threshold),
    .value_polarity_o(read_polarity_o),
    .lane_write_i(lane_write),
    .weight_we_i(weight_we_i[CLUSTERS-1:0]),
    .weight_row_i,
    .weight_data_i(weight_data),
    .threshold_we_i(threshold_we_i[CLUSTERS-1:0]),
    .threshold_row_i,
    .threshold_data_i(threshold_data),
    .store_read_i,
    .store_pair_i,
    .store_data_o
  );

endmodule
