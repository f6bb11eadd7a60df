// A distributed memory's read, as area.py counts levels: one LUT from the read address
// to the data. What is written goes to a register inside and ends a path.
module RAM32M(output [1:0] DOA, DOB, DOC, DOD, input [4:0] ADDRA, ADDRB, ADDRC, ADDRD,
              input [1:0] DIA, DIB, DIC, DID, input WCLK, WE);
  parameter [63:0] INIT_A = 0, INIT_B = 0, INIT_C = 0, INIT_D = 0;
  parameter IS_WCLK_INVERTED = 0;
  genvar i;
  generate
    for (i = 0; i < 2; i = i + 1) begin : bits
      LUT5 a(.O(DOA[i]), .I0(ADDRA[0]), .I1(ADDRA[1]), .I2(ADDRA[2]), .I3(ADDRA[3]), .I4(ADDRA[4]));
      LUT5 b(.O(DOB[i]), .I0(ADDRB[0]), .I1(ADDRB[1]), .I2(ADDRB[2]), .I3(ADDRB[3]), .I4(ADDRB[4]));
      LUT5 c(.O(DOC[i]), .I0(ADDRC[0]), .I1(ADDRC[1]), .I2(ADDRC[2]), .I3(ADDRC[3]), .I4(ADDRC[4]));
      LUT5 d(.O(DOD[i]), .I0(ADDRD[0]), .I1(ADDRD[1]), .I2(ADDRD[2]), .I3(ADDRD[3]), .I4(ADDRD[4]));
    end
  endgenerate
endmodule

module RAM64M(output DOA, DOB, DOC, DOD, input [5:0] ADDRA, ADDRB, ADDRC, ADDRD,
              input DIA, DIB, DIC, DID, WCLK, WE);
  parameter [63:0] INIT_A = 0, INIT_B = 0, INIT_C = 0, INIT_D = 0;
  parameter IS_WCLK_INVERTED = 0;
  LUT6 a(.O(DOA), .I0(ADDRA[0]), .I1(ADDRA[1]), .I2(ADDRA[2]), .I3(ADDRA[3]), .I4(ADDRA[4]), .I5(ADDRA[5]));
  LUT6 b(.O(DOB), .I0(ADDRB[0]), .I1(ADDRB[1]), .I2(ADDRB[2]), .I3(ADDRB[3]), .I4(ADDRB[4]), .I5(ADDRB[5]));
  LUT6 c(.O(DOC), .I0(ADDRC[0]), .I1(ADDRC[1]), .I2(ADDRC[2]), .I3(ADDRC[3]), .I4(ADDRC[4]), .I5(ADDRC[5]));
  LUT6 d(.O(DOD), .I0(ADDRD[0]), .I1(ADDRD[1]), .I2(ADDRD[2]), .I3(ADDRD[3]), .I4(ADDRD[4]), .I5(ADDRD[5]));
endmodule
