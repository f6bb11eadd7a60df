// The microsequencer's loop nest: counters below their limits, each step's advance
// that of an odometer over loops lo..hi, and decision_o enough to follow it.
module issue_properties
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
  import bnn_seq_pkg::*;
#(
  parameter int unsigned CONTROL_WORDS = 64
) (
  input logic clk_i,
  input logic clear_i,
  input logic control_we_i,
  input logic [5:0] control_addr_i,
  input microword_t control_data_i,
  input logic go_i,
  input logic start_i,
  input logic [5:0] entry_i,
  input logic [1:0] split_i,
  input logic [15:0] group_pitch_i,
  input logic [15:0] row_pitch_i,
  input logic [7:0][11:0] limit_i,
  input logic [7:0] once_i,
  input logic writer_late_i,
  input logic capture_late_i
);
  logic active, issue, halt, mac, writer_stall, value_stall;
  sample_t sample;
  decision_t decision;
  trap_e trap;
  bnn_issue #(.CLUSTERS(4), .CONTROL_WORDS(CONTROL_WORDS)) dut (
    .clk_i, .clear_i, .control_we_i, .control_addr_i, .control_data_i, .go_i, .start_i, .entry_i,
    .split_i, .group_pitch_i, .row_pitch_i, .limit_i, .once_i, .writer_late_i, .capture_late_i,
    .active_o(active), .issue_o(issue), .halt_o(halt), .mac_o(mac), .writer_stall_o(writer_stall),
    .value_stall_o(value_stall), .sample_o(sample), .decision_o(decision), .trap_o(trap));

  // The golden model's step: counters of one RUN, its program counter.
  logic started = 1'b0, running = 1'b0;
  logic [7:0][11:0] counter, most, after;  // limits are most + 1
  logic [6:0] pc, pc_after;
  logic [7:0][11:0] limit;
  logic carry;
  logic [2:0] stopped_at;  // the loop that went on
  microword_t word;
  assign word  = dut.word;
  assign limit = running ? most : limit_i;
  always_comb begin
    after      = counter;
    carry      = 1'b1;
    stopped_at = 3'd0;
    if (word.ends) begin
      for (int j = 0; j < 8; j++) begin
        if (3'(j) >= word.lo && 3'(j) <= word.hi && carry) begin
          if (counter[j] == limit[j]) after[j] = 12'd0;
          else begin
            after[j]   = counter[j] + 12'd1;
            carry      = 1'b0;
            stopped_at = 3'(j);
          end
        end
      end
    end
    // The loop that goes on says where: at `near` up to mid, and for lo; else at `far`.
    pc_after = (running ? pc : {1'b0, entry_i}) + 7'd1;
    if (!carry)
      pc_after = {1'b0, stopped_at <= word.mid || stopped_at == word.lo ? word.near : word.far};
  end

  logic [7:0][11:0] previous;  // of the step that decision_o tells of
  logic [7:0][11:0] followed;  // by decision_o alone
  logic cleared = 1'b1;
  always_ff @(posedge clk_i) begin
    started  <= 1'b1;
    previous <= counter;
    cleared  <= clear_i;
    if (start_i) most <= limit_i;
    if (issue) begin
      counter <= after;
      pc      <= pc_after;
    end else if (start_i) pc <= {1'b0, entry_i};
    running <= (running || start_i) && !(issue && carry && word.halt);
    if (clear_i || (issue && carry && word.halt)) counter <= '0;
    if (clear_i) running <= 1'b0;
    for (int j = 0; j < 8; j++) begin
      if (decision.clears[j]) followed[j] <= '0;
      else if (decision.increments && decision.loop == 3'(j)) followed[j] <= followed[j] + 12'd1;
    end
  end

  always_comb begin
    assume (started || clear_i);
    if (start_i) assume (started && !clear_i && !running && go_i);
    for (int j = 0; j < 8; j++) assume (once_i[j] == (limit_i[j] == 0));
    if (started) begin
      assert (active == running);
      assert (dut.counter == counter);
      if (running) assert (dut.pc == pc);
      for (int j = 0; j < 8; j++) begin
        assert (counter[j] <= (running ? most[j] : 12'd0));
        assert (dut.moved[j] == (counter[j] != 0));
      end
      if (running || start_i) begin
        assert (halt == (issue && carry && word.halt));
        if (issue) assert (dut.goes_on == !carry);
      end else assert (!issue && !halt);
      // The address generator sees the counters of the step.
      if (decision.issue && !cleared) assert (followed == previous);
      cover (running && counter[0] == 12'd1 && counter[7] == 12'd1 && most[0] == 12'd1 && halt);
      // What induction needs.
      if (running) assert (dut.limit == most);
    end
  end
  logic [7:0][11:0] follows;
  always_comb begin
    for (int j = 0; j < 8; j++)
      follows[j] = decision.clears[j] ? 12'd0 :
                   followed[j] + 12'(decision.increments && decision.loop == 3'(j));
    if (started) assert (follows == counter);
  end
endmodule
