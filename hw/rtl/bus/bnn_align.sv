// Cuts each lane's 8-byte word out of two consecutive beats: bytes shift ..
// shift + 7 of {current, previous}, or the current beat itself at shift 0.
// Lane p's shift is p * phase mod 8, so that lane 0 needs no multiplexer, lane 4
// one with two inputs, lanes 2 and 6 four, the odd lanes eight.
module bnn_align
  import bnn_engine_pkg::*;
(
  input  logic [63:0]             current_i,
  input  logic [63:0]             previous_i,
  input  logic [PIXELS-1:0][2:0]  shift_i,
  output logic [PIXELS-1:0][63:0] word_o
);
  for (genvar p = 0; p < PIXELS; p++) begin : lane
    // The lowest bit of the shift that can be set.
    localparam int unsigned LOW = p == 0 ? 3 : p == 4 ? 2 : p % 2 == 0 ? 1 : 0;
    // Level by level: at bit s (4, 2, 1) either the window moves by s bytes or not.
    // The window starts with the beat that the word begins in.
    logic [2:0] shift;
    logic [127:0] window;
    assign shift  = shift_i[p] & 3'(8 - (1 << LOW));
    assign window = shift == 3'd0 ? {64'b0, current_i} : {current_i, previous_i};
    assign word_o[p] = 64'(window >> {shift, 3'b0});
  end
  // verilator lint_off UNUSEDSIGNAL
  logic unused;
  assign unused = ^shift_i;
  // verilator lint_on UNUSEDSIGNAL
endmodule
