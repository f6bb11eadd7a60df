// A DSP48E1 as a 48-bit adder in lanes (no multiplier): P = Z + A:B or P or 0 + C.
// Its behavioural twin knows exactly the modes that the array uses.
//
// x_i    what X adds: 00 nothing, 11 A:B, 10 P
// keep_i Z adds P
module bnn_dsp_simd #(
  parameter int unsigned LANES = 2,       // 2 (24 bits each) or 4 (12 bits each)
  parameter int unsigned AB_REGISTER = 1  // 1: A:B is registered (always enabled)
) (
  input  logic        clk_i,
  input  logic        enable_i,  // P takes the sum
  input  logic [47:0] ab_i,
  input  logic [47:0] c_i,
  input  logic [1:0]  x_i,
  input  logic        keep_i,
  output logic [47:0] p_o
);

`ifdef BNN_PRIMITIVES
  DSP48E1 #(
    .USE_SIMD(LANES == 4 ? "FOUR12" : "TWO24"),
    .USE_MULT("NONE"),
    .USE_DPORT("FALSE"),
    .AREG(AB_REGISTER),
    .ACASCREG(AB_REGISTER),
    .BREG(AB_REGISTER),
    .BCASCREG(AB_REGISTER),
    .CREG(0),
    .DREG(0),
    .ADREG(0),
    .MREG(0),
    .PREG(1),
    .ALUMODEREG(0),
    .CARRYINREG(0),
    .CARRYINSELREG(0),
    .INMODEREG(0),
    .OPMODEREG(0)
  ) u_dsp (
    .CLK(clk_i),
    .A(ab_i[47:18]),
    .B(ab_i[17:0]),
    .C(c_i),
    .D(25'd0),
    .P(p_o),
    .OPMODE({1'b0, keep_i, 1'b0, 2'b11, x_i}),
    .ALUMODE(4'd0),
    .INMODE(5'd0),
    .CARRYIN(1'b0),
    .CARRYINSEL(3'd0),
    .CEA1(1'b0),
    .CEA2(AB_REGISTER == 1),
    .CEB1(1'b0),
    .CEB2(AB_REGISTER == 1),
    .CEC(1'b0),
    .CED(1'b0),
    .CEAD(1'b0),
    .CEM(1'b0),
    .CEP(enable_i),
    .CEALUMODE(1'b0),
    .CECARRYIN(1'b0),
    .CECTRL(1'b0),
    .CEINMODE(1'b0),
    .RSTA(1'b0),
    .RSTB(1'b0),
    .RSTC(1'b0),
    .RSTD(1'b0),
    .RSTM(1'b0),
    .RSTP(1'b0),
    .RSTALLCARRYIN(1'b0),
    .RSTALUMODE(1'b0),
    .RSTCTRL(1'b0),
    .RSTINMODE(1'b0),
    .ACIN(30'd0),
    .BCIN(18'd0),
    .PCIN(48'd0),
    .CARRYCASCIN(1'b0),
    .MULTSIGNIN(1'b0)
  );
`else
  localparam int unsigned WIDTH = 48 / LANES;
  logic [47:0] ab;
  if (AB_REGISTER == 1) begin : gen_ab
    logic [47:0] ab_q;
    initial ab_q = '0;
    always_ff @(posedge clk_i) ab_q <= ab_i;
    assign ab = ab_q;
  end else begin : gen_no_ab
    assign ab = ab_i;
  end

  logic [LANES-1:0][WIDTH-1:0] p_q, ab_lane, c_lane;
  initial p_q = '0;
  assign ab_lane = ab;
  assign c_lane = c_i;
  always_ff @(posedge clk_i) begin
    if (enable_i) begin
      for (int unsigned i = 0; i < LANES; ++i) begin
        p_q[i] <= (keep_i ? p_q[i] : '0) + c_lane[i] +
                  (x_i == 2'b11 ? ab_lane[i] : x_i == 2'b10 ? p_q[i] : '0);
      end
    end
  end
  assign p_o = p_q;
`endif

endmodule
