// bnn_retire: tokens come in the order of the RUNs, one a cycle, never before a
// RUN has retired, and at once if no other token is in the way.
module retire_properties
  import bnn_engine_pkg::*;
#(
  parameter int unsigned DEPTH = 2,
  parameter int unsigned TIME = 4
) (
  input logic clk_i,
  input logic clear_i,
  input logic halt_i,
  input logic push_next_i,
  input logic [TIME-1:0] writer_left_i,
  input logic [TIME-1:0] value_left_i,
  input logic watch_i  // free: watch the RUN that halts now
);
  localparam int unsigned Bits = $clog2(DEPTH);
  localparam logic signed [TIME+2:0] Depth = (TIME+3)'(DEPTH);
  logic pending, full, token;
  bnn_retire #(.DEPTH(DEPTH), .TIME(TIME)) dut (
    .clk_i, .clear_i, .halt_i, .push_next_i, .writer_left_i, .value_left_i, .pending_o(pending),
    .full_o(full), .token_o(token));

  logic started = 1'b0;
  logic signed [TIME+2:0] least;  // cycles until a RUN that halts now has retired
  logic signed [TIME+2:0] newest;            // ... until the newest RUN has (not below -1)
  logic watching = 1'b0;
  logic signed [TIME+2:0] watched;           // ... until the watched RUN has
  logic [Bits:0] owed, ahead;            // tokens to come; those before the watched one's
  logic given;
  always_comb begin
    least = (TIME+3)'(WRITE_DELAY);
    if ((TIME+3)'(writer_left_i) > least) least = (TIME+3)'(writer_left_i);
    if ((TIME+3)'(value_left_i) > least) least = (TIME+3)'(value_left_i);
  end
  assign given = halt_i && push_next_i;

  always_ff @(posedge clk_i) begin
    started <= 1'b1;
    newest  <= clear_i ? -1 : halt_i ? least - 1
                                          : newest < 0 ? -1 : newest - 1;
    owed    <= clear_i ? '0 : owed + (Bits+1)'(given) - (Bits+1)'(token);
    watched <= watched - 1;
    if (given && watch_i && !watching) begin
      watching <= 1'b1;
      watched  <= least - 1;
      ahead    <= owed - (Bits+1)'(token);
    end else if (watching && token) begin
      ahead <= ahead - 1'b1;
      if (ahead == 0) watching <= 1'b0;
    end
    if (clear_i) watching <= 1'b0;
  end

  always_comb begin
    assume (started || clear_i);
    if (started) begin
      if (given) assume (!full);                  // no RUN starts while it is full
      if (halt_i) assume (least >= newest);   // retirement never goes back
      assert (owed <= (Bits+1)'(DEPTH));
      assert (full == (owed == (Bits+1)'(DEPTH) && !token));
      assert (!token || owed != 0);
      assert (pending == (newest >= 0));
      if (watching) begin
        assert (ahead < owed);
        if (ahead == 0) assert (token == (watched <= 0));
        assert (watched > -Depth);  // at most the others' tokens late
      end
      cover (watching && token && ahead == 0 && watched == 1 - Depth);
    end
  end

  // What induction needs: the queue's entries as cycles until each has retired.
  logic [DEPTH-1:0][TIME:0] entry;
  logic signed [TIME+2:0] wait_of[DEPTH];
  logic [Bits:0] queued;
  assign queued = dut.u_due.count;
  always_comb begin
    for (int k = 0; k < DEPTH; k++) begin
      entry[k]   = dut.u_due.memory[Bits'(dut.u_due.head + Bits'(k))] - dut.clock;
      wait_of[k] = (TIME+3)'($signed(entry[k]));
    end
  end
  always_comb begin
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
      for (int k = 0; k < DEPTH; k++) begin
        if (32'(queued) > 32'(k)) begin
          assert (wait_of[k] <= (newest < 0 ? 0 : newest) && wait_of[k] > (TIME+3)'(k) - Depth);
          if (k > 0) assert (wait_of[k] >= wait_of[k-1]);
          if (watching && 32'(ahead) == 32'(k)) assert (watched == wait_of[k]);
        end
      end
      if (watching && ahead == queued) assert (dut.pushes && watched == newest);
    end
  end
endmodule
