// The address generator: contributions are counter * stride for a loop of any nest
// (address_properties), addresses are the sum of all of them, the base and the
// planes (address_sum_properties).
//
// Solvers cannot multiply numbers of full size through a clock edge, but they do not
// have to: `times` are tables of which only times[0] = 0 and times[n + 1] = times[n]
// + stride are assumed. The multiples of a stride are such a table
// (address_multiple_properties), and the only one up to the greatest counter.
module address_properties
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
  import bnn_seq_pkg::*;
(
  input logic clk_i,
  input logic clear_i,
  input decision_t decision_i,
  input run_t run_i,
  input logic signed [15:0] act_stride_i,
  input logic signed [12:0] weight_stride_i,
  input logic signed [10:0] threshold_stride_i,
  input logic [2:0] loop_i,    // free: the watched loop
  input logic [16:0] free_i    // free: one entry of each table
);
  step_t step;
  logic outside;
  bnn_address dut (
    .clk_i, .clear_i, .decision_i, .run_i, .act_stride_i, .weight_stride_i, .threshold_stride_i,
    .step_o(step), .outside_o(outside));

  // Loop and strides are constants, any ones. Nobody writes the tables after the
  // first cycle (one entry then: a memory without a write is none to Yosys).
  logic started = 1'b0;
  logic [2:0] loop = '0;
  logic signed [15:0] act_stride;
  logic signed [12:0] weight_stride;
  logic signed [10:0] threshold_stride;
  logic [16:0] act_times[4096];
  logic [13:0] weight_times[4096];
  logic [11:0] threshold_times[4096];
  always_ff @(posedge clk_i)
    if (!started) begin
      loop <= loop_i;
      {act_stride, weight_stride, threshold_stride} <=
          {act_stride_i, weight_stride_i, threshold_stride_i};
      act_times[free_i[11:0]]       <= free_i;
      weight_times[free_i[11:0]]    <= free_i[13:0];
      threshold_times[free_i[11:0]] <= free_i[11:0];
    end

  logic known = 1'b0;     // the counter began at 0, all its steps were of these strides
  logic [11:0] counter, next;
  logic grows, same;
  assign next  = counter + 12'd1;
  assign grows = decision_i.increments && decision_i.loop == loop && !decision_i.clears[loop];
  assign same  = {act_stride, weight_stride, threshold_stride} ==
                 {act_stride_i, weight_stride_i, threshold_stride_i};
  always_ff @(posedge clk_i) begin
    started <= 1'b1;
    if (decision_i.clears[loop]) begin
      known   <= started;
      counter <= '0;
    end else if (grows) begin
      known   <= known && same;
      counter <= next;
    end
  end

  always_comb begin
    if (grows) assume (counter != '1);  // below its limit (issue.sv)
    if (started) begin
      assume (act_times[0] == 0 && weight_times[0] == 0 && threshold_times[0] == 0);
      if (counter != '1) begin
        assume (act_times[next] == act_times[counter] + 17'(act_stride));
        assume (weight_times[next] == weight_times[counter] + 14'(weight_stride));
        assume (threshold_times[next] == threshold_times[counter] + 12'(threshold_stride));
      end
    end
    if (known) begin
      assert (started);
      assert (dut.act[loop] == act_times[counter]);
      assert (dut.weight[loop] == weight_times[counter]);
      assert (dut.threshold[loop] == threshold_times[counter]);
      cover (counter == 3 && dut.act[loop] == 17'h1_fffd);
    end
  end
endmodule

// What the tables above stand for, at their widths: n * stride.
module address_multiple_properties (
  input logic [16:0] act_n_i,  // free, as all of these
  input logic [16:0] act_stride_i,
  input logic [13:0] weight_n_i,
  input logic [13:0] weight_stride_i,
  input logic [11:0] threshold_n_i,
  input logic [11:0] threshold_stride_i
);
  always_comb begin
    assert (17'd0 * act_stride_i == 17'd0);
    assert ((act_n_i + 17'd1) * act_stride_i == act_n_i * act_stride_i + act_stride_i);
    assert ((weight_n_i + 14'd1) * weight_stride_i ==
            weight_n_i * weight_stride_i + weight_stride_i);
    assert ((threshold_n_i + 12'd1) * threshold_stride_i ==
            threshold_n_i * threshold_stride_i + threshold_stride_i);
    cover (act_n_i * act_stride_i == 17'h1_fffd);
  end
endmodule

module address_sum_properties
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
  import bnn_seq_pkg::*;
(
  input logic clk_i,
  input logic clear_i,
  input decision_t decision_i,
  input run_t run_i,
  input logic signed [15:0] act_stride_i,
  input logic signed [12:0] weight_stride_i,
  input logic signed [10:0] threshold_stride_i
);
  step_t step;
  logic outside;
  bnn_address #(.WEIGHT_ROWS(512), .THRESHOLD_ROWS(256)) dut (
    .clk_i, .clear_i, .decision_i, .run_i, .act_stride_i, .weight_stride_i, .threshold_stride_i,
    .step_o(step), .outside_o(outside));

  logic started = 1'b0;
  logic [16:0] act;
  logic [13:0] weight;
  logic [11:0] threshold;
  logic valid, is_shift, tails, quad;
  logic [3:0] shifts;
  logic [4:0] tail;
  logic [31:0] mask;
  logic [7:0] shifted, shifted_now;  // SHIFTs since INIT or ZERO, at most 255
  logic begun = 1'b0;
  acc_op_e op;
  assign op = decision_i.op;
  assign shifted_now = op == ACC_OP_INIT || op == ACC_OP_ZERO ? 8'd0 :
                       op == ACC_OP_SHIFT && shifted != 8'd255 ? shifted + 8'd1 : shifted;
  always_comb begin
    mask = (32'd1 << tail) - 32'd1;
    if (quad) mask = {4{tail >= 5'd8 ? 8'hff : 8'((9'd1 << tail) - 9'd1)}};
    if (tail == 5'd0) mask = '1;
  end
  always_ff @(posedge clk_i) begin
    started <= 1'b1;
    act <= dut.act[0] + dut.act[1] + dut.act[2] + dut.act[3] + dut.act[4] + dut.act[5] +
           dut.act[6] + dut.act[7] + 17'(run_i.act) + dut.act_plane;
    weight <= dut.weight[0] + dut.weight[1] + dut.weight[2] + dut.weight[3] + dut.weight[4] +
              dut.weight[5] + dut.weight[6] + dut.weight[7] + 14'(run_i.weight) + dut.weight_plane;
    threshold <= dut.threshold[0] + dut.threshold[1] + dut.threshold[2] + dut.threshold[3] +
                 dut.threshold[4] + dut.threshold[5] + dut.threshold[6] + dut.threshold[7] +
                 12'(run_i.threshold) + 12'(decision_i.row);
    valid    <= decision_i.issue && !clear_i;
    is_shift <= op == ACC_OP_SHIFT;
    quad     <= run_i.quad;
    shifts   <= run_i.shifts;
    tail     <= decision_i.tail ? run_i.tail : 5'd0;
    if (clear_i) begin
      shifted <= 8'd0;
      begun   <= started;
    end else if (decision_i.issue) shifted <= shifted_now;
  end

  always_comb begin
    assume (started || clear_i);
    if (started) begin
      assert (step.valid == valid);
      assert (dut.act_q == act && dut.weight_q == weight && dut.threshold_q == threshold);
      assert (dut.act_plane == 17'(decision_i.plane_a) * 17'(run_i.act_plane_stride));
      assert (dut.weight_plane == 14'(decision_i.plane_w) * 14'(run_i.weight_plane_stride));
      if (valid) begin
        assert (step.mask == mask);
        assert (outside == (act >= 17'h1_0000 || weight >= 14'd512 || threshold >= 12'd256));
        if (!outside)
          assert (17'(step.act) == act && 14'(step.weight) == weight &&
                  12'(step.threshold) == threshold);
        assert (step.inject == (shifted <= 8'(shifts)));
        if (is_shift && step.inject) assert (8'(step.shamt) == 8'(shifts) - shifted);
        if (!is_shift) assert (step.shamt == shifts);
      end
      cover (valid && !outside && act == 17'd9 && dut.act[3] == 17'h1_fffe);
      // What induction needs.
      assert (dut.shift_index_q == (shifted > 8'd16 ? 5'd16 : 5'(shifted)));
    end
  end
endmodule
