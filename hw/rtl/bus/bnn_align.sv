// Cuts each lane's 8-byte word out of two consecutive beats: bytes shift ..
// shift + 7 of {current, previous}, or the current beat itself at shift 0; in
// QUAD as bit planes. Lane p's shift is p * phase mod 8: lane 0 has none, lane 4
// has 0 or 4, lanes 2 and 6 are even and differ by 0 or 4, as lanes 1 and 5 and
// lanes 3 and 7 do. So pairs share the first level of multiplexers, and the last
// one, shift by 4 and planes, is one six-input function a bit.
module bnn_align
  import bnn_engine_pkg::*;
(
  input  logic [63:0]             current_i,
  input  logic [63:0]             previous_i,
  input  logic                    quad_i,
  input  logic [PIXELS-1:0][2:0]  shift_i,
  output logic [PIXELS-1:0][63:0] word_o
);
  // Planes 0, 2, 4, 6 in the first word, 1, 3, 5, 7 in the second.
  function automatic logic [63:0] planes(input logic [63:0] bytes);
    for (int b = 0; b < 8; b++)
      for (int i = 0; i < 8; i++) planes[32*(i%2) + 8*(i/2) + b] = bytes[8*b + i];
  endfunction

  logic [7:0][63:0] at;  // the word at each shift: wires only
  always_comb begin
    at[0] = current_i;
    for (int s = 1; s < 8; s++) at[s] = 64'({current_i, previous_i} >> (8 * s));
  end

  for (genvar p = 0; p < 4; p++) begin : pair
    // The word at the shift without its bit of 4, and with it.
    logic [63:0] low, high;
    if (p == 0) begin : wires
      assign low  = at[0];
      assign high = at[4];
    end else if (p == 2) begin : even
      assign low  = shift_i[2][1] ? at[2] : at[0];
      assign high = shift_i[2][1] ? at[6] : at[4];
    end else begin : odd
      assign low  = at[{1'b0, shift_i[p][1:0]}];
      assign high = at[{1'b1, shift_i[p][1:0]}];
    end
    for (genvar q = p; q < PIXELS; q += 4) begin : lane
      logic by_four;
      assign by_four = q != 0 && shift_i[q][2];
      assign word_o[q] = quad_i ? (by_four ? planes(high) : planes(low)) : (by_four ? high : low);
    end
  end
  // verilator lint_off UNUSEDSIGNAL
  logic unused;
  assign unused = ^shift_i;
  // verilator lint_on UNUSEDSIGNAL
endmodule
