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
  input logic [TIME-1:0] writer_i,  // cycles until the writer is free, the value path,
  input logic [TIME-1:0] value_i,   // after the step of this cycle
  input logic watch_i  // free: watch the RUN that halts now
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
  logic watching = 1'b0;
  wait_t watched;              // ... until the watched RUN has
  logic [Bits:0] owed, ahead;  // tokens to come; those before the watched one's
  logic given;
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
      if (given) assume (!full);             // no RUN starts while it is full
      if (halt_i) assume (least >= newest);  // retirement never goes back
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

  // Those that are owed a token, in order: `first`, the queue, those on their way.
  wait_t line[DEPTH+8];
  logic [3:0] length, settled;  // all; without those on their way
  logic [Bits:0] queued;
  assign queued = dut.u_due.count;
  always_comb begin
    for (int k = 0; k < DEPTH + 8; k++) line[k] = '0;
    length = 4'(dut.first_valid);
    line[0] = retires_in(dut.first);
    for (int k = 0; k < DEPTH; k++) begin
      if (32'(queued) > 32'(k)) begin
        line[length] = retires_in(dut.u_due.memory[Bits'(dut.u_due.head + Bits'(k))]);
        length = length + 4'd1;
      end
    end
    settled = length;
    for (int k = 5; k >= 1; k--) begin
      if (dut.pushes[k]) begin
        line[length] = stage[k];
        length = length + 4'd1;
      end
    end
  end
  always_comb begin
    if (started) begin
      assert (dut.outstanding == owed);
      assert (32'(owed) == 32'(length) && queued <= (Bits+1)'(DEPTH));
      assert (dut.u_due.tail == Bits'(dut.u_due.head + Bits'(queued)));
      assert (newest >= -1 && newest < (1 << TIME));
      assert (newest == (there[1] ? stage[1] : there[2] ? stage[2] : there[3] ? stage[3]
                       : there[4] ? stage[4] : there[5] ? stage[5] : -1));
      if (there[5]) assert (stage[5] >= 0);
      if (there[5]) assert (dut.clock[0] == dut.clock[1] + 1'b1);
      for (int k = 1; k <= 5; k++) begin
        assert (there[k] || !dut.pushes[k]);
        if (dut.pushes[k]) assert (stage[k] >= wait_t'(WRITE_DELAY - k));
        if (there[k]) assert (stage[k] < (1 << TIME));
        for (int j = 1; j < k; j++) begin
          if (there[j] && there[k]) assert (stage[j] >= stage[k]);
          if (there[k] && k < 5 && j <= 3) assert (dut.clock[j-1] == dut.clock[j] + 1'b1);
        end
        if (there[k] && k <= 3) assert (dut.clock[k-1] == dut.clock[k] + 1'b1);
      end
      // The oldest is in `first` but for the cycle after its push.
      if (!dut.first_valid) assert (queued <= 1 && (queued == 0 || line[0] >= 2));
      if (dut.first_valid) assert (dut.first_due == (line[0] <= 0));
      for (int k = 0; k < DEPTH; k++) begin
        if (32'(length) > 32'(k)) begin
          assert (line[k] > wait_t'(k) - Depth && line[k] < (1 << TIME));
          if (k > 0) assert (line[k] >= line[k-1]);
          if (watching && 32'(ahead) == 32'(k)) assert (watched == line[k]);
        end
        if (32'(settled) > 32'(k)) begin
          if (there == 0) assert (line[k] <= 0);
          for (int j = 1; j <= 5; j++) if (there[j]) assert (line[k] <= stage[j]);
        end
      end
    end
  end
endmodule
