// Adds the four byte counts of a dot product, pairwise, as far as LUTs must:
//   x + y = count[0] + 4^q * count[1] + 16^q * count[2] + 64^q * count[3] + inject
// (q = 1 in QUAD, 0 in binary). In QUAD the fields do not meet, so both pairs are mere concatenations;
// in binary they are added. The caller's registers supply what is only a QUAD field:
//   x[7:5] = binary ? 0 : count[2][3:1]    (a synchronous reset: no LUT)
//   y[9:5] = binary ? 0 : {count[3], count[1][3]}
// Ten LUTs, two CARRY4. Counts are 0..8.
module bnn_byte_adder (
  input  logic [3:0][3:0] count_i,
  input  logic            binary_i,  // not QUAD
  input  logic            inject_i,  // weight 1
  output logic [4:0]      x_o,       // count[0] + inject + (binary ? count[2] : 16 * count[2][0])
  output logic [4:0]      y_o        // binary ? count[1] + count[3] : 4 * count[1][2:0]
);

`ifdef BNN_PRIMITIVES
  // x: the LUT of a column gives the half sum, count[0] is the carry's other input.
  logic [3:0] x_half, x_carry;
  assign x_half = count_i[0] ^ (count_i[2] & {4{binary_i}});
  CARRY4 u_x (
    .CO(x_carry),
    .O(x_o[3:0]),
    .CI(1'b0),
    .CYINIT(inject_i),
    .DI(count_i[0]),
    .S(x_half)
  );
  assign x_o[4] = x_carry[3] ^ (~binary_i & count_i[2][0]);

  // y: column i adds p = count[1][binary ? i : i-2] and r = binary & count[3][i].
  // I0 = count[1][i], I1 = count[1][i-2] (0 below column 2), I2 = count[3][i], I3 = binary.
  function automatic logic [63:0] column();
    for (int unsigned i = 0; i < 32; ++i) begin
      logic p, r;
      p = i[3] ? i[0] : i[1];
      r = i[3] & i[2];
      column[i + 32] = p ^ r;
      column[i] = r;
    end
  endfunction

  logic [3:0] y_half, y_other, y_carry, y_quad;
  assign y_quad = {count_i[1][1:0], 2'b00};
  for (genvar i = 0; i < 4; ++i) begin : gen_y
    LUT6_2 #(
      .INIT(column())
    ) u_column (
      .O6(y_half[i]),
      .O5(y_other[i]),
      .I0(count_i[1][i]),
      .I1(y_quad[i]),
      .I2(count_i[3][i]),
      .I3(binary_i),
      .I4(1'b0),
      .I5(1'b1)
    );
  end
  CARRY4 u_y (
    .CO(y_carry),
    .O(y_o[3:0]),
    .CI(1'b0),
    .CYINIT(1'b0),
    .DI(y_other),
    .S(y_half)
  );
  assign y_o[4] = y_carry[3] ^ (~binary_i & count_i[1][2]);

  logic unused;
  assign unused = ^{x_carry[2:0], y_carry[2:0]};
`else
  assign x_o = 5'(count_i[0]) + 5'(inject_i) +
               (binary_i ? 5'(count_i[2]) : {count_i[2][0], 4'd0});
  assign y_o = binary_i ? 5'(count_i[1]) + 5'(count_i[3]) : {count_i[1][2:0], 2'd0};
`endif

endmodule
