// Retirement: a RUN whose last step issues in cycle t has retired at
// max(t + 8, writer free, value path free), which never goes back from RUN to
// RUN. Its token for STORE comes then, one a cycle (a STORE takes far longer).
module bnn_retire
  import bnn_engine_pkg::*;
#(
  parameter int unsigned DEPTH = 16,  // RUNs whose token is still to come
  parameter int unsigned TIME = 24    // bits of a time to come (the output unit: 24; proofs: fewer)
) (
  input  logic        clk_i,
  input  logic        clear_i,
  input  logic        halt_i,
  input  logic        push_next_i,   // the halting RUN's
  input  logic [TIME-1:0] writer_left_i,
  input  logic [TIME-1:0] value_left_i,
  output logic        pending_o,     // a RUN has not retired before this cycle
  output logic        full_o,        // no RUN may start
  output logic        token_o
);
  localparam int unsigned BITS = TIME + 1;

  logic [BITS-1:0] clock, clock_before, due, front, age;
  logic [TIME-1:0] writer_left, value_left, most, left;
  logic halted, pushes, counting, front_valid;
  logic [$clog2(DEPTH):0] outstanding;

  // Cycle t + 1.
  assign most = writer_left > value_left ? writer_left : value_left;
  logic [TIME-1:0] retires;  // cycles after t
  assign retires = most[TIME-1:3] == '0 ? TIME'(WRITE_DELAY) : most;
  assign due     = clock_before + BITS'(retires);

  always_ff @(posedge clk_i) begin
    clock        <= clear_i ? '0 : clock + 1'b1;
    clock_before <= clock;
    writer_left  <= writer_left_i;
    value_left   <= value_left_i;
    halted       <= halt_i && !clear_i;
    pushes       <= halt_i && push_next_i && !clear_i;
    if (halted) left <= retires - TIME'(2);
    else left <= left - 1'b1;
    if (clear_i) counting <= 1'b0;
    else if (halted) counting <= 1'b1;
    else if (left == '0) counting <= 1'b0;
    if (clear_i) outstanding <= '0;
    else if ((halt_i && push_next_i) != token_o)
      outstanding <= token_o ? outstanding - 1'b1 : outstanding + 1'b1;
  end
  assign pending_o = halted || counting;

  // verilator lint_off PINCONNECTEMPTY
  bnn_queue #(
    .WIDTH(BITS),
    .DEPTH(DEPTH)
  ) u_due (
    .clk_i,
    .clear_i,
    .push_i (pushes),
    .data_i (due),
    .room_o (),
    .pop_i  (token_o),
    .valid_o(front_valid),
    .data_o (front)
  );
  // verilator lint_on PINCONNECTEMPTY
  assign age     = clock - front;
  assign token_o = front_valid && !age[BITS-1];
  assign full_o  = outstanding == ($clog2(DEPTH) + 1)'(DEPTH) && !token_o;

endmodule
