// One LUT6 per bit: data_o = INIT[{data_i[5], .., data_i[0]}]. For functions that a
// mapper would otherwise take apart in order to share pieces of them.
module bnn_lut #(
  parameter logic [63:0] INIT = '0,
  parameter int unsigned WIDTH = 1
) (
  input  logic [5:0][WIDTH-1:0] data_i,
  output logic [WIDTH-1:0]      data_o
);

  for (genvar i = 0; i < WIDTH; ++i) begin : gen_bit
`ifdef BNN_PRIMITIVES
    LUT6 #(
      .INIT(INIT)
    ) u_lut (
      .O(data_o[i]),
      .I0(data_i[0][i]),
      .I1(data_i[1][i]),
      .I2(data_i[2][i]),
      .I3(data_i[3][i]),
      .I4(data_i[4][i]),
      .I5(data_i[5][i])
    );
`else
    assign data_o[i] = INIT[{data_i[5][i], data_i[4][i], data_i[3][i],
                             data_i[2][i], data_i[1][i], data_i[0][i]}];
`endif
  end

endmodule
