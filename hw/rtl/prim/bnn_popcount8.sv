// Counts the equal bits of two bytes (the XNOR products of eight reduction lanes):
// six LUTs, five levels, no register.
//
// A LUT6_2 is a full adder of two products and one more bit: its five inputs are
// the products' four bits and the sum bit before it. Four of them leave one bit of
// weight 1 and four of weight 2, which a LUT6_2 and a LUT4 count.
module bnn_popcount8 (
  input  logic [7:0] a_i,
  input  logic [7:0] b_i,
  output logic [3:0] count_o  // 0..8
);

`ifdef BNN_PRIMITIVES
  // Bits 63:32 are O6 (odd number of ones), 31:0 are O5 (two or more), index {I4..I0}:
  // products I0 == I1 and I2 == I3, and the bit I4.
  function automatic logic [63:0] full_adder();
    for (int unsigned i = 0; i < 32; ++i) begin
      logic p, q, s;
      p = i[0] == i[1];
      q = i[2] == i[3];
      s = i[4];
      full_adder[i + 32] = p ^ q ^ s;
      full_adder[i] = (p & q) | (p & s) | (q & s);
    end
  endfunction

  // O6: odd number of ones of I0..I3; O5: two or three of them.
  function automatic logic [63:0] count4();
    for (int unsigned i = 0; i < 32; ++i) begin
      count4[i + 32] = ^i[3:0];
      count4[i] = ~&i[3:0] & ((i[0] & i[1]) | (i[2] & i[3]) | ((i[0] | i[1]) & (i[2] | i[3])));
    end
  endfunction

  logic [4:0] sum;
  logic [3:0] carry;
  assign sum[0] = 1'b0;
  for (genvar k = 0; k < 4; ++k) begin : gen_adder
    LUT6_2 #(
      .INIT(full_adder())
    ) u_adder (
      .O6(sum[k + 1]),
      .O5(carry[k]),
      .I0(a_i[2 * k]),
      .I1(b_i[2 * k]),
      .I2(a_i[2 * k + 1]),
      .I3(b_i[2 * k + 1]),
      .I4(sum[k]),
      .I5(1'b1)
    );
  end
  LUT6_2 #(
    .INIT(count4())
  ) u_count (
    .O6(count_o[1]),
    .O5(count_o[2]),
    .I0(carry[0]),
    .I1(carry[1]),
    .I2(carry[2]),
    .I3(carry[3]),
    .I4(1'b0),
    .I5(1'b1)
  );
  assign count_o[3] = &carry;
  assign count_o[0] = sum[4];
`else
  always_comb begin
    count_o = '0;
    for (int unsigned i = 0; i < 8; ++i) count_o += 4'(a_i[i] == b_i[i]);
  end
`endif

endmodule
