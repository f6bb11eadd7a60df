// (keep ? a : 0) + b + c, one LUT6_2 a bit: O6 adds the three bits and the majority of the column
// below, which is the carry chain's other input; O5 is this column's majority.
module bnn_sum3 #(
  parameter int unsigned WIDTH = 33
) (
  input  logic [WIDTH-1:0] a_i,
  input  logic             keep_i,
  input  logic [WIDTH-1:0] b_i,
  input  logic [WIDTH-1:0] c_i,
  output logic [WIDTH-1:0] sum_o
);

`ifdef BNN_PRIMITIVES
  localparam int unsigned CARRIES = (WIDTH + 3) / 4;

  // I0 = a, I1 = b, I2 = c, I3 = keep, I4 = majority of the column below.
  function automatic logic [63:0] column();
    for (int unsigned i = 0; i < 32; ++i) begin
      logic a;
      a = i[0] & i[3];
      column[i+32] = a ^ i[1] ^ i[2] ^ i[4];
      column[i] = (a & i[1]) | (a & i[2]) | (i[1] & i[2]);
    end
  endfunction

  logic [CARRIES*4:0] below;  // majority of column i - 1
  logic [CARRIES*4-1:0] half, total, carry;
  assign below[0] = 1'b0;
  for (genvar i = 0; i < CARRIES * 4; ++i) begin : gen_column
    if (i < WIDTH) begin : gen_lut
      LUT6_2 #(
        .INIT(column())
      ) u_lut (
        .O6(half[i]),
        .O5(below[i+1]),
        .I0(a_i[i]),
        .I1(b_i[i]),
        .I2(c_i[i]),
        .I3(keep_i),
        .I4(below[i]),
        .I5(1'b1)
      );
    end else begin : gen_none
      assign half[i] = 1'b0;
      assign below[i+1] = 1'b0;
    end
  end
  for (genvar k = 0; k < CARRIES; ++k) begin : gen_carry
    CARRY4 u_carry (
      .CO(carry[4*k+:4]),
      .O(total[4*k+:4]),
      .CI(k == 0 ? 1'b0 : carry[(k == 0 ? 0 : 4*k-1)]),
      .CYINIT(1'b0),
      .DI(below[4*k+:4]),
      .S(half[4*k+:4])
    );
  end
  assign sum_o = total[WIDTH-1:0];

  logic unused;
  assign unused = ^{total, carry, below};
`else
  assign sum_o = (keep_i ? a_i : '0) + b_i + c_i;
`endif

endmodule
