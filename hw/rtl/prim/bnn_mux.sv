// A multiplexer of 1, 2, 4, 8, 16, 32 or 64 words. One LUT per four inputs and bit, joined
// by MUXF7 and MUXF8; from 32 words on one more LUT joins those.
module bnn_mux #(
  parameter int unsigned INPUTS = 16,
  parameter int unsigned WIDTH = 1,
  localparam int unsigned SELECT_BITS = INPUTS > 1 ? $clog2(INPUTS) : 1
) (
  input  logic [INPUTS-1:0][WIDTH-1:0] data_i,
  input  logic [SELECT_BITS-1:0]       select_i,  // below INPUTS
  output logic [WIDTH-1:0]             data_o
);

`ifdef BNN_PRIMITIVES
  if (INPUTS < 4) begin : gen_small
    assign data_o = INPUTS == 1 ? data_i[0] : data_i[select_i];
  end else begin : gen_large
    for (genvar i = 0; i < WIDTH; ++i) begin : gen_bit
      logic [INPUTS/4-1:0] four;
      for (genvar k = 0; k < INPUTS / 4; ++k) begin : gen_four
        LUT6 #(
          .INIT(64'hff00_f0f0_cccc_aaaa)  // input {I5, I4}
        ) u_lut (
          .O(four[k]),
          .I0(data_i[4*k][i]),
          .I1(data_i[4*k+1][i]),
          .I2(data_i[4*k+2][i]),
          .I3(data_i[4*k+3][i]),
          .I4(select_i[0]),
          .I5(select_i[1])
        );
      end
      if (INPUTS == 4) begin : gen_last
        assign data_o[i] = four[0];
      end else begin : gen_joined
        logic [INPUTS/8-1:0] eight;
        for (genvar k = 0; k < INPUTS / 8; ++k) begin : gen_eight
          MUXF7 u_mux (
            .O(eight[k]),
            .I0(four[2*k]),
            .I1(four[2*k+1]),
            .S(select_i[2])
          );
        end
        if (INPUTS >= 16) begin : gen_sixteen
          logic [INPUTS/16-1:0] sixteen;
          for (genvar k = 0; k < INPUTS / 16; ++k) begin : gen_join
            MUXF8 u_mux (
              .O(sixteen[k]),
              .I0(eight[2*k]),
              .I1(eight[2*k+1]),
              .S(select_i[3])
            );
          end
          assign data_o[i] = INPUTS == 16 ? sixteen[0] : sixteen[select_i[SELECT_BITS-1:INPUTS == 16 ? 3 : 4]];
        end else begin : gen_eight_last
          assign data_o[i] = eight[0];
        end
      end
    end
  end
`else
  assign data_o = INPUTS == 1 ? data_i[0] : data_i[select_i];
`endif

endmodule
