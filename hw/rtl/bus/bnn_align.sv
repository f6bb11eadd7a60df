// Cuts each lane's 8-byte word out of two consecutive beats: bytes shift ..
// shift + 7 of {current, previous}, or the current beat itself at shift 0; in
// QUAD as bit planes. Lane p's shift is p * phase mod 8: lane 0 has none, lane 4
// has 0 or 4, lanes 2 and 6 are even and differ by 0 or 4, as lanes 1 and 5 and
// lanes 3 and 7 do. So pairs share the first level of multiplexers (0 is 8 here: twelve
// bytes hold both of a pair's words), and the last one, shift by 4 and planes, is one
// six-input function a bit.
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

  logic [15:0][7:0] bytes;
  logic [4:1][95:0] from;  // twelve bytes from each place on: wires only
  assign bytes = {current_i, previous_i};
  always_comb begin
    for (int s = 1; s < 5; s++) from[s] = bytes[s+:12];
  end

  for (genvar p = 0; p < 4; p++) begin : pair
    // The words at the shift 1..4 and at four more.
    logic [95:0] both;
    if (p == 0) begin : wires
      assign both = from[4];
    end else if (p == 2) begin : even
      assign both = shift_i[2][1] ? from[2] : from[4];
    end else begin : odd
      bnn_mux #(.INPUTS(4), .WIDTH(96)) mux (
        .data_i({from[3], from[2], from[1], from[4]}), .select_i(shift_i[p][1:0]), .data_o(both));
    end
    for (genvar q = p; q < PIXELS; q += 4) begin : lane
      logic [63:0] high;
      assign high = both[95:32];
      if (q == 0) begin : whole
        assign word_o[q] = quad_i ? planes(high) : high;
      end else begin : shifted
        logic [63:0] low;
        assign low = both[63:0];
        // High: shift 5..8.
        bnn_mux #(.INPUTS(4), .WIDTH(64)) mux (
          .data_i({planes(high), planes(low), high, low}),
          .select_i({quad_i, shift_i[q] == 3'd0 || shift_i[q] > 3'd4}), .data_o(word_o[q]));
      end
    end
  end
  // verilator lint_off UNUSEDSIGNAL
  logic unused;
  assign unused = ^shift_i;
  // verilator lint_on UNUSEDSIGNAL
endmodule
