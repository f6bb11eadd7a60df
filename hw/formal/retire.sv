// bnn_retire in its full size: tokens come in the order of the RUNs, one a cycle,
// never before a RUN has retired, and at once if no other token is in the way.
//
// Two RUNs are watched, any two: [0] halts before [1]. What is proved of them holds
// of every RUN, also of the one at the queue's front; so of that one it may be
// assumed for the cycle before (`front_good`), which keeps the other places of the
// queue out of the induction.
module retire_properties
  import bnn_engine_pkg::*;
#(
  parameter int unsigned DEPTH = 16,
  parameter int unsigned TIME = 24
) (
  input logic clk_i,
  input logic clear_i,
  input logic halt_i,
  input logic push_next_i,
  input logic [TIME-1:0] writer_left_i,
  input logic [TIME-1:0] value_left_i,
  input logic [1:0] watch_i  // free: watch the RUN that halts now
);
  localparam int unsigned Bits = $clog2(DEPTH);
  localparam logic signed [TIME+2:0] Depth = (TIME+3)'(DEPTH);
  logic pending, full, token;
  bnn_retire #(.DEPTH(DEPTH), .TIME(TIME)) dut (
    .clk_i, .clear_i, .halt_i, .push_next_i, .writer_left_i, .value_left_i, .pending_o(pending),
    .full_o(full), .token_o(token));

  logic started = 1'b0;
  logic signed [TIME+2:0] least;   // cycles until a RUN that halts now has retired
  logic signed [TIME+2:0] newest;  // ... until the newest RUN has (not below -1)
  logic [Bits:0] owed;             // tokens to come
  logic given;                     // the RUN that halts now gets one
  logic [1:0] watching = 2'b00;
  logic signed [1:0][TIME+2:0] watched;  // cycles until it has retired
  logic [1:0][Bits:0] ahead;             // tokens to come before its own
  logic [1:0] front_good = 2'b11;
  always_comb begin
    least = (TIME+3)'(WRITE_DELAY);
    if ((TIME+3)'(writer_left_i) > least) least = (TIME+3)'(writer_left_i);
    if ((TIME+3)'(value_left_i) > least) least = (TIME+3)'(value_left_i);
  end
  assign given = halt_i && push_next_i;

  always_ff @(posedge clk_i) begin
    started <= 1'b1;
    newest  <= clear_i ? -1 : halt_i ? least - 1 : newest < 0 ? -1 : newest - 1;
    owed    <= clear_i ? '0 : owed + (Bits+1)'(given) - (Bits+1)'(token);
    for (int w = 0; w < 2; w++) begin
      watched[w] <= watched[w] - 1'b1;
      if (given && watch_i[w] && !watching[w]) begin
        watching[w] <= 1'b1;
        watched[w]  <= least - 1'b1;
        ahead[w]    <= owed - (Bits+1)'(token);
      end else if (watching[w] && token) begin
        ahead[w] <= ahead[w] - 1'b1;
        if (ahead[w] == 0) watching[w] <= 1'b0;
      end
      if (clear_i) watching[w] <= 1'b0;
    end
  end

  // What comes out.
  always_comb begin
    assume (started || clear_i);
    if (started) begin
      if (given) assume (!full);             // no RUN starts while it is full
      if (halt_i) assume (least >= newest);  // retirement never goes back
      assert (owed <= (Bits+1)'(DEPTH));
      assert (full == (owed == (Bits+1)'(DEPTH) && !token));
      assert (!token || owed != 0);
      assert (pending == (newest >= 0));
      for (int w = 0; w < 2; w++)
        if (watching[w]) begin
          assert (ahead[w] < owed);
          if (ahead[w] == 0) assert (token == ($signed(watched[w]) <= 0));
          assert ($signed(watched[w]) > -Depth);  // at most the others' tokens late
        end
      cover (watching[1] && token && ahead[1] == 0 && $signed(watched[1]) == -3);
    end
  end

  // What induction needs: a watched RUN is where its turn says, with its time.
  logic [Bits:0] queued;
  logic [1:0] waits;  // its time is in the queue
  logic [1:0][TIME:0] entry;
  logic signed [TIME:0] front;
  assign queued = dut.u_due.count;
  assign front  = dut.front - dut.clock;
  always_comb
    for (int w = 0; w < 2; w++) begin
      waits[w] = watching[w] && ahead[w] < queued;
      entry[w] = dut.u_due.memory[Bits'(dut.u_due.head + Bits'(ahead[w]))] - dut.clock;
    end
  always_ff @(posedge clk_i)
    for (int w = 0; w < 2; w++)
      front_good[w] <= !(queued != 0 && watching[w] && ahead[w] != 0) ||
                       ((TIME+3)'(front) > -Depth && (TIME+3)'(front) <= $signed(watched[w]));
  always_comb begin
    assume (front_good == 2'b11);
    if (started) begin
      assert (dut.outstanding == owed);
      assert (owed == queued + (Bits+1)'(dut.pushes));
      assert (dut.u_due.tail == Bits'(dut.u_due.head + Bits'(queued)));
      assert (dut.halted || !dut.pushes);
      assert (dut.clock == dut.clock_before + 1'b1 || dut.clock == 0);
      assert (newest >= -1 && newest < (1 << TIME));
      if (dut.halted) begin
        assert ((TIME+3)'(dut.retires) == newest + 1 && newest >= 7);
        assert (dut.clock == dut.clock_before + 1'b1);
      end
      if (dut.counting && !dut.halted) assert ((TIME+3)'(dut.left) == newest);
      for (int w = 0; w < 2; w++)
        if (watching[w]) begin
          assert ($signed(watched[w]) <= (newest < 0 ? 0 : newest));
          assert ($signed(watched[w]) > $signed((TIME+3)'(ahead[w])) - Depth);
          if (waits[w]) assert (entry[w] == (TIME+1)'(watched[w]));
          else assert (dut.pushes && ahead[w] == queued && $signed(watched[w]) == newest);
        end
      // Of two RUNs the older one has retired first: what `front_good` assumes.
      if (watching == 2'b11 && ahead[0] < ahead[1])
        assert ($signed(watched[0]) <= $signed(watched[1]));
    end
  end
endmodule
