// One pixel lane of a cluster: eight dot-product units and their accumulators.
// Two DSPs add the units' two halves (cycle t+6), four accumulate (t+7).
module bnn_pixel
  import bnn_engine_pkg::*;
#(
  parameter int unsigned ACCUMULATOR_BITS = 24
) (
  input  logic                                         clk_i,
  // Cycle t+5.
  input  logic [31:0]                                  activation_i,
  input  logic [CHANNELS-1:0][31:0]                    weight_i,
  input  logic                                         binary_i,
  input  logic [CHANNELS-1:0]                          inject_i,
  // Cycle t+6: what INIT and BIAS add.
  input  logic [CHANNELS-1:0][ACCUMULATOR_BITS-1:0]    bias_i,
  // Cycle t+7.
  input  logic                                         enable_i,  // else the accumulators hold
  input  logic [1:0]                                   x_i,       // of bnn_dsp_simd
  input  logic                                         keep_i,
  // Cycle t+8.
  output logic [CHANNELS-1:0][ACCUMULATOR_BITS-1:0]    acc_o
);

  logic [CHANNELS-1:0][11:0] x, y, pop;
  for (genvar ch = 0; ch < CHANNELS; ++ch) begin : gen_dpu
    bnn_dpu u_dpu (
      .clk_i,
      .activation_i,
      .weight_i(weight_i[ch]),
      .binary_i,
      .inject_i(inject_i[ch]),
      .x_o(x[ch][7:0]),
      .y_o(y[ch][9:0])
    );
    assign x[ch][11:8] = '0;
    assign y[ch][11:10] = '0;
  end

  for (genvar i = 0; i < CHANNELS; i += 4) begin : gen_add
    bnn_dsp_simd #(
      .LANES(4),
      .AB_REGISTER(0)
    ) u_add (
      .clk_i,
      .enable_i(1'b1),
      .ab_i(y[i+:4]),
      .c_i(x[i+:4]),
      .x_i(2'b11),
      .keep_i(1'b0),
      .p_o(pop[i+:4])
    );
  end

  logic [CHANNELS-1:0][23:0] acc;
  for (genvar i = 0; i < CHANNELS; i += 2) begin : gen_accumulate
    bnn_dsp_simd #(
      .LANES(2),
      .AB_REGISTER(1)
    ) u_accumulate (
      .clk_i,
      .enable_i,
      .ab_i({24'(bias_i[i+1]), 24'(bias_i[i])}),
      .c_i({24'(pop[i+1]), 24'(pop[i])}),
      .x_i,
      .keep_i,
      .p_o(acc[i+:2])
    );
  end
  for (genvar ch = 0; ch < CHANNELS; ++ch) begin : gen_acc
    assign acc_o[ch] = acc[ch][ACCUMULATOR_BITS-1:0];
  end
  if (ACCUMULATOR_BITS < 24) begin : gen_unused
    logic [CHANNELS-1:0][23-ACCUMULATOR_BITS:0] unused;
    for (genvar ch = 0; ch < CHANNELS; ++ch) begin : gen_channel
      assign unused[ch] = acc[ch][23:ACCUMULATOR_BITS];
    end
    logic unused_bits;
    assign unused_bits = ^unused;
  end

endmodule
