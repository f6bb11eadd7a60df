// One dot-product unit up to the last addition: 32 XNOR products of an activation
// and a weight word, counted byte by byte (cycle t+5), as two numbers whose sum is
//   pop + inject,  pop = sum over bytes k of popcount(byte k) * (binary ? 1 : 4^k).
// 34 LUTs; the sum is a quarter of a DSP.
module bnn_dpu (
  input  logic        clk_i,
  input  logic [31:0] activation_i,  // masked bits are 0 (their weights 1)
  input  logic [31:0] weight_i,
  input  logic        binary_i,
  input  logic        inject_i,
  output logic [7:0]  x_o,  // cycle t+6: bytes 0 and 2, injected bit
  output logic [9:0]  y_o   // bytes 1 and 3
);

  logic [3:0][3:0] count;
  for (genvar k = 0; k < 4; ++k) begin : gen_byte
    bnn_popcount8 u_popcount (
      .a_i(activation_i[8*k+:8]),
      .b_i(weight_i[8*k+:8]),
      .count_o(count[k])
    );
  end

  logic [4:0] x, y;
  bnn_byte_adder u_adder (
    .count_i(count),
    .binary_i,
    .inject_i,
    .x_o(x),
    .y_o(y)
  );

  always_ff @(posedge clk_i) begin
    x_o[4:0] <= x;
    y_o[4:0] <= y;
    x_o[7:5] <= binary_i ? '0 : count[2][3:1];
    y_o[9:5] <= binary_i ? '0 : {count[3], count[1][3]};
  end

endmodule
