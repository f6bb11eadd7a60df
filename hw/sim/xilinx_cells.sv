// Models of the 7-series cells that hw/rtl/prim instantiates, for simulation: the modes
// and ports in use, nothing else. Synthesis takes the ports only.
/* verilator lint_off DECLFILENAME */
/* verilator lint_off UNUSEDSIGNAL */
/* verilator lint_off UNUSEDPARAM */

module LUT6 #(
  parameter logic [63:0] INIT = '0
) (
  output logic O,
  input  logic I0, I1, I2, I3, I4, I5
);
  assign O = INIT[{I5, I4, I3, I2, I1, I0}];
endmodule

module LUT6_2 #(
  parameter logic [63:0] INIT = '0
) (
  output logic O6, O5,
  input  logic I0, I1, I2, I3, I4, I5
);
  assign O6 = INIT[{I5, I4, I3, I2, I1, I0}];
  assign O5 = INIT[{1'b0, I4, I3, I2, I1, I0}];
endmodule

module MUXF7 (
  output logic O,
  input  logic I0, I1, S
);
  assign O = S ? I1 : I0;
endmodule

module MUXF8 (
  output logic O,
  input  logic I0, I1, S
);
  assign O = S ? I1 : I0;
endmodule

module CARRY4 (
  output logic [3:0] CO,
  output logic [3:0] O,
  input  logic       CI,
  input  logic       CYINIT,
  input  logic [3:0] DI,
  input  logic [3:0] S
);
  always_comb begin
    logic carry;
    carry = CI | CYINIT;
    for (int unsigned i = 0; i < 4; ++i) begin
      O[i] = S[i] ^ carry;
      carry = S[i] ? carry : DI[i];
      CO[i] = carry;
    end
  end
endmodule

// USE_MULT NONE, ALUMODE 0, no cascades, no carry in, only A, B and P registered.
module DSP48E1 #(
  parameter USE_SIMD = "ONE48",
  parameter USE_MULT = "MULTIPLY",
  parameter USE_DPORT = "FALSE",
  parameter integer AREG = 1, ACASCREG = 1, BREG = 1, BCASCREG = 1, CREG = 1, DREG = 1,
  parameter integer ADREG = 1, MREG = 1, PREG = 1, ALUMODEREG = 1, CARRYINREG = 1,
  parameter integer CARRYINSELREG = 1, INMODEREG = 1, OPMODEREG = 1
) (
  input  logic        CLK,
  input  logic [29:0] A,
  input  logic [17:0] B,
  input  logic [47:0] C,
  input  logic [24:0] D,
  output logic [47:0] P,
  input  logic [6:0]  OPMODE,
  input  logic [3:0]  ALUMODE,
  input  logic [4:0]  INMODE,
  input  logic        CARRYIN,
  input  logic [2:0]  CARRYINSEL,
  input  logic        CEA1, CEA2, CEB1, CEB2, CEC, CED, CEAD, CEM, CEP,
  input  logic        CEALUMODE, CECARRYIN, CECTRL, CEINMODE,
  input  logic        RSTA, RSTB, RSTC, RSTD, RSTM, RSTP,
  input  logic        RSTALLCARRYIN, RSTALUMODE, RSTCTRL, RSTINMODE,
  input  logic [29:0] ACIN,
  input  logic [17:0] BCIN,
  input  logic [47:0] PCIN,
  input  logic        CARRYCASCIN,
  input  logic        MULTSIGNIN
);
  logic [47:0] ab, ab_q, x, y, z, sum;
  initial ab_q = '0;
  initial P = '0;
  always_ff @(posedge CLK) if (CEA2 && CEB2) ab_q <= {A, B};
  assign ab = AREG == 1 ? ab_q : {A, B};
  assign x = OPMODE[1:0] == 2'b11 ? ab : OPMODE[1:0] == 2'b10 ? P : '0;
  assign y = OPMODE[3:2] == 2'b11 ? C : '0;
  assign z = OPMODE[6:4] == 3'b010 ? P : '0;
  always_comb begin
    sum = x + y + z;
    if (USE_SIMD == "TWO24") begin
      for (int i = 0; i < 48; i += 24) sum[i+:24] = x[i+:24] + y[i+:24] + z[i+:24];
    end else if (USE_SIMD == "FOUR12") begin
      for (int i = 0; i < 48; i += 12) sum[i+:12] = x[i+:12] + y[i+:12] + z[i+:12];
    end
  end
  always_ff @(posedge CLK) if (CEP) P <= sum;
endmodule
