// What a channel's threshold adds: T >>> shift (INIT), T (BIAS: shift is 0), and the
// bit that SHIFT injects, T[shift]. Two stages of 4:1 multiplexers. Only the low
// bits that an accumulator of BITS keeps.
module bnn_bias
  import bnn_isa_pkg::*;
#(
  parameter int unsigned BITS = 24
) (
  input  logic            clk_i,
  // Cycle t+4.
  input  logic [ISA_THRESHOLD_BITS-1:0] threshold_i,
  input  logic [3:0]      shift_i,
  // Cycle t+5.
  output logic [BITS-1:0] bias_o,
  output logic            bit_o
);

  localparam int unsigned EXTENDED = BITS + 15;
  localparam int unsigned COARSE = BITS + 3;
  logic [EXTENDED-1:0] extended;
  logic [COARSE-1:0] coarse_q;
  logic [1:0] fine_q;

  // Sign extension, or what of T an accumulator can keep.
  assign extended = EXTENDED'(signed'(threshold_i));

  always_ff @(posedge clk_i) begin
    unique case (shift_i[3:2])
      2'd0: coarse_q <= extended[0+:COARSE];
      2'd1: coarse_q <= extended[4+:COARSE];
      2'd2: coarse_q <= extended[8+:COARSE];
      default: coarse_q <= extended[12+:COARSE];
    endcase
    fine_q <= shift_i[1:0];
  end
  always_comb begin
    unique case (fine_q)
      2'd0: bias_o = coarse_q[0+:BITS];
      2'd1: bias_o = coarse_q[1+:BITS];
      2'd2: bias_o = coarse_q[2+:BITS];
      default: bias_o = coarse_q[3+:BITS];
    endcase
  end
  assign bit_o = bias_o[0];

endmodule
