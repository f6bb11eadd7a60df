// a > b, signed: two bits per LUT6_2. O6: the pairs are equal, the carry passes; O5: a's pair is
// greater, the carry starts. WIDTH / 2 LUTs.
module bnn_greater #(
  parameter int unsigned WIDTH = 16  // even
) (
  input  logic [WIDTH-1:0] a_i,
  input  logic [WIDTH-1:0] b_i,
  output logic             greater_o
);

`ifdef BNN_PRIMITIVES
  localparam int unsigned PAIRS = WIDTH / 2;
  localparam int unsigned CARRIES = (PAIRS + 3) / 4;

  // {I1, I0} is a's pair, {I3, I2} is b's.
  function automatic logic [63:0] pair();
    for (int unsigned i = 0; i < 32; ++i) begin
      pair[i+32] = i[1:0] == i[3:2];
      pair[i] = i[1:0] > i[3:2];
    end
  endfunction

  // Signed is unsigned with the signs exchanged.
  logic [WIDTH-1:0] a, b;
  assign a = {b_i[WIDTH-1], a_i[WIDTH-2:0]};
  assign b = {a_i[WIDTH-1], b_i[WIDTH-2:0]};

  logic [CARRIES*4-1:0] equal, more, carry;
  for (genvar i = 0; i < CARRIES * 4; ++i) begin : gen_pair
    if (i < PAIRS) begin : gen_lut
      LUT6_2 #(
        .INIT(pair())
      ) u_lut (
        .O6(equal[i]),
        .O5(more[i]),
        .I0(a[2*i]),
        .I1(a[2*i+1]),
        .I2(b[2*i]),
        .I3(b[2*i+1]),
        .I4(1'b0),
        .I5(1'b1)
      );
    end else begin : gen_pass
      assign equal[i] = 1'b1;
      assign more[i] = 1'b0;
    end
  end
  logic [CARRIES*4-1:0] unused_sum;
  for (genvar k = 0; k < CARRIES; ++k) begin : gen_carry
    CARRY4 u_carry (
      .CO(carry[4*k+:4]),
      .O(unused_sum[4*k+:4]),
      .CI(k == 0 ? 1'b0 : carry[(k == 0 ? 0 : 4*k-1)]),
      .CYINIT(1'b0),
      .DI(more[4*k+:4]),
      .S(equal[4*k+:4])
    );
  end
  assign greater_o = carry[CARRIES*4-1];

  logic unused;
  assign unused = ^{unused_sum, carry};
`else
  assign greater_o = $signed(a_i) > $signed(b_i);
`endif

endmodule
