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
  input  logic [TIME-1:0] value_left_i,   // in t + 2: cycles from then until the value path is free
  input  logic [TIME-1:0] writer_left_i,  // in t + 3: the writer
  output logic        pending_o,     // a RUN has not retired before this cycle
  output logic        full_o,        // no RUN may start
  output logic        token_o
);
  localparam int unsigned BITS = TIME + 1;

  // Cycles t + 1 .. t + 5 of a RUN that halts in t.
  logic [4:1] halted;
  logic [5:1] pushes;
  logic [3:0][BITS-1:0] clock;  // of now and one, two, three cycles ago
  logic [TIME-1:0] value_left, left;
  logic writer_later, by_writer;  // `left` counts from t + 3 on, else from t + 2
  logic [BITS-1:0] due;           // the cycle before it has retired
  /* verilator lint_off UNUSEDSIGNAL */  // the carry into bit 0
  logic [BITS:0] sum;
  /* verilator lint_on UNUSEDSIGNAL */
  assign writer_later = writer_left_i >= value_left;
  always_comb begin  // in t + 4: clock[3] is that of t + 1
    sum = {1'b0, left, 1'b1};
    if (left < TIME'(WRITE_DELAY - 2))
      sum[TIME:1] = by_writer ? TIME'(WRITE_DELAY - 3) : TIME'(WRITE_DELAY - 2);
    sum = sum + {clock[3], by_writer};
  end
  always_ff @(posedge clk_i) begin
    clock   <= {clock[2:0], clear_i ? '0 : clock[0] + 1'b1};
    halted  <= clear_i ? '0 : {halted[3:1], halt_i};
    pushes  <= clear_i ? '0 : {pushes[4:1], halt_i && push_next_i};
    value_left <= value_left_i;
    by_writer  <= writer_later;
    left       <= writer_later ? writer_left_i : value_left;
    if (halted[4]) due <= sum[BITS:1];
  end

  // The newest RUN's time is the last one.
  logic counting;
  always_ff @(posedge clk_i) begin
    if (clear_i) counting <= 1'b0;
    else if (halted[4]) counting <= 1'b1;
    else if (clock[1] == due) counting <= 1'b0;
  end
  assign pending_o = |halted || counting;

  // The oldest RUN whose token is to come waits before the queue, so that whether
  // it is due is known a cycle ahead.
  logic [BITS-1:0] first, front, next;
  /* verilator lint_off UNUSEDSIGNAL */  // its sign counts
  logic [BITS-1:0] age;
  /* verilator lint_on UNUSEDSIGNAL */
  logic first_valid, first_due, front_valid, take;
  logic [$clog2(DEPTH):0] outstanding;
  // verilator lint_off PINCONNECTEMPTY
  bnn_queue #(
    .WIDTH(BITS),
    .DEPTH(DEPTH)
  ) u_due (
    .clk_i,
    .clear_i,
    .push_i (pushes[5]),
    .data_i (due),
    .room_o (),
    .pop_i  (take && front_valid),
    .valid_o(front_valid),
    .data_o (front)
  );
  // verilator lint_on PINCONNECTEMPTY
  assign token_o = first_valid && first_due;
  assign take    = !first_valid || first_due;
  assign next    = take ? front : first;
  assign age     = clock[0] - next;
  always_ff @(posedge clk_i) begin
    if (take) first <= front;
    first_valid <= !clear_i && (front_valid || !take);
    first_due   <= !age[BITS-1];
    if (clear_i) outstanding <= '0;
    else if ((halt_i && push_next_i) != token_o)
      outstanding <= token_o ? outstanding - 1'b1 : outstanding + 1'b1;
  end
  assign full_o = outstanding == ($clog2(DEPTH) + 1)'(DEPTH) && !token_o;

endmodule
