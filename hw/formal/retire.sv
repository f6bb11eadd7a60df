// bnn_retire in its full size: tokens come in the order of the RUNs, one a cycle,
// never before a RUN has retired, and at once if no other token is in the way.
//
// Two RUNs are watched, any two, in any order. What is proved of them holds
// of every RUN, so also of the one in `first`; of that one it may be assumed for the
// cycle before (`first_good`), which keeps the other places out of the induction.
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
  input logic [TIME-1:0] writer_i,  // cycles until the writer is free, the value path,
  input logic [TIME-1:0] value_i,   // after the step of this cycle
  input logic [1:0] watch_i  // free: watch the RUN that halts now
);
  localparam int unsigned Bits = $clog2(DEPTH);
  typedef logic signed [TIME+2:0] wait_t;  // cycles until something
  localparam wait_t Depth = wait_t'(DEPTH);

  // The output unit tells two and three cycles later.
  logic [3:1][TIME-1:0] writer;
  logic [2:1][TIME-1:0] value;
  function automatic logic [TIME-1:0] less(logic [TIME-1:0] time_left);
    return time_left == 0 ? '0 : time_left - 1'b1;
  endfunction
  always_ff @(posedge clk_i) begin
    writer <= {less(writer[2]), less(writer[1]), less(writer_i)};
    value  <= {less(value[1]), less(value_i)};
  end
  logic pending, full, token;
  bnn_retire #(.DEPTH(DEPTH), .TIME(TIME)) dut (
    .clk_i, .clear_i, .halt_i, .push_next_i, .value_left_i(value[2]), .writer_left_i(writer[3]),
    .pending_o(pending), .full_o(full), .token_o(token));

  logic started = 1'b0;
  wait_t least;                // until a RUN that halts now has retired
  wait_t newest;               // ... until the newest RUN has (not below -1)
  logic [Bits:0] owed;         // tokens to come
  logic given;                 // the RUN that halts now gets one
  logic [1:0] watching = 2'b00;
  wait_t [1:0] watched;        // until a watched RUN has retired
  logic [1:0][Bits:0] ahead;   // tokens to come before its own
  function automatic wait_t most(int unsigned a, wait_t b, wait_t c);
    most = wait_t'(a);
    if (b > most) most = b;
    if (c > most) most = c;
  endfunction
  assign least = most(WRITE_DELAY, wait_t'(writer_i), wait_t'(value_i));
  assign given = halt_i && push_next_i;

  always_ff @(posedge clk_i) begin
    started <= 1'b1;
    newest  <= clear_i ? -1 : halt_i ? least - 1 : newest < 0 ? -1 : newest - 1;
    owed    <= clear_i ? '0 : owed + (Bits+1)'(given) - (Bits+1)'(token);
    for (int w = 0; w < 2; w++) begin
      watched[w] <= watched[w] - 1;
      if (given && watch_i[w] && !watching[w]) begin
        watching[w] <= 1'b1;
        watched[w]  <= least - 1;
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
          if (ahead[w] == 0) assert (token == (watched[w] <= 0));
          assert (watched[w] > -Depth);  // at most the others' tokens late
        end
      cover (watching[1] && token && ahead[1] == 0 && watched[1] == -3);  // four at once
      cover (full && watching == 2'b11 && ahead[0] == 0 && ahead[1] == (Bits+1)'(DEPTH - 1));
    end
  end

  // What induction needs: cycles until each RUN has retired, from the block's registers:
  // those that halted one to four cycles ago, the newest older one.
  wait_t [5:1] stage;
  logic [5:1] there;
  always_comb begin
    stage[1] = most(WRITE_DELAY - 1, wait_t'(writer[1]), wait_t'(value[1]));
    stage[2] = most(WRITE_DELAY - 2, wait_t'(writer[2]), wait_t'(value[2]));
    stage[3] = most(WRITE_DELAY - 3, wait_t'(writer[3]), wait_t'(dut.value_left) - 1);
    stage[4] = most(WRITE_DELAY - 4, wait_t'(dut.left) - (dut.by_writer ? 1 : 2), 0);
    stage[5] = retires_in(dut.due);
    there = {dut.counting, dut.halted};
  end
  function automatic wait_t retires_in(logic [TIME:0] due);  // which is one before
    logic [TIME:0] left;
    left = due + 1'b1 - dut.clock[0];
    return wait_t'($signed(left));
  endfunction

  // Where a watched RUN is, by its turn: in `first`, in the queue, on its way there.
  logic [Bits:0] queued, turn;
  wait_t first;
  logic [1:0][5:1] at_stage;
  logic [1:0][TIME:0] due, place;  // what its place should hold, what it does
  assign queued = dut.u_due.count;
  assign first  = retires_in(dut.first);
  always_comb begin
    turn = '0;
    for (int w = 0; w < 2; w++) begin
      at_stage[w] = '0;
      turn = queued + (Bits+1)'(dut.first_valid);
      for (int k = 5; k >= 1; k--)
        if (dut.pushes[k]) begin
          at_stage[w][k] = turn == ahead[w];
          turn = turn + 1'b1;
        end
      if (at_stage[w][5]) place[w] = dut.due;
      else if (dut.first_valid && ahead[w] == 0) place[w] = dut.first;
      else place[w] = dut.u_due.memory[
          Bits'(dut.u_due.head + Bits'(ahead[w]) - Bits'(dut.first_valid))];
    end
  end

  // The RUN in `first` has its time and comes before a watched one behind it. This is
  // asserted below for all times: let [0] watch the RUN in `first` and [1] the other
  // ("its time", "not too late", "in order").
  logic [1:0] first_good = 2'b11;
  always_ff @(posedge clk_i)
    for (int w = 0; w < 2; w++) begin
      if (given && watch_i[w] && !watching[w])
        due[w] <= dut.clock[0] + (TIME+1)'(least) - 1'b1;
      first_good[w] <= !(dut.first_valid && watching[w] && ahead[w] != 0) ||
                       (first > -Depth && first <= watched[w]);
    end
  always_comb begin
    assume (first_good == 2'b11);
    if (started) begin
      assert (dut.outstanding == owed);
      assert (owed == turn && queued <= (Bits+1)'(DEPTH));
      assert (dut.u_due.tail == Bits'(dut.u_due.head + Bits'(queued)));
      assert (newest >= -1 && newest < (1 << TIME));
      assert (newest == (there[1] ? stage[1] : there[2] ? stage[2] : there[3] ? stage[3]
                       : there[4] ? stage[4] : there[5] ? stage[5] : -1));
      if (there[5]) assert (stage[5] >= 0);
      if (there[5]) assert (dut.clock[0] == dut.clock[1] + 1'b1);
      for (int k = 1; k <= 5; k++) begin
        assert (there[k] || !dut.pushes[k]);
        for (int j = 1; j <= k; j++)
          if (there[k] && k < 5 && j <= 3) assert (dut.clock[j-1] == dut.clock[j] + 1'b1);
      end
      if (dut.pushes[5]) assert (stage[5] >= wait_t'(WRITE_DELAY - 5));
      // The oldest is in `first` but for the cycle after its push.
      if (!dut.first_valid)
        assert (queued == 0 ||
                (queued == 1 && retires_in(dut.u_due.memory[dut.u_due.head]) >= 2));
      if (dut.first_valid && first > -Depth) assert (dut.first_due == (first <= 0));
      for (int w = 0; w < 2; w++)
        if (watching[w]) begin
          assert (watched[w] == retires_in(due[w]));        // its time
          if (at_stage[w][4:1] == 0) assert (due[w] == place[w]);
          for (int k = 1; k <= 4; k++)
            if (at_stage[w][k]) assert (watched[w] == stage[k]);
          assert (watched[w] > wait_t'(ahead[w]) - Depth);  // not too late
          assert (watched[w] <= (newest < 0 ? wait_t'(0) : newest));
        end
      if (watching == 2'b11 && ahead[0] < ahead[1])
        assert (watched[0] <= watched[1]);                  // in order
    end
  end
endmodule
