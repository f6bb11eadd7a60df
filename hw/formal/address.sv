// The address generator: contributions are counter * stride for a loop of any nest
// (address_properties), addresses are the sum of all of them, the base and the
// planes (address_sum_properties).
module address_properties
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
  import bnn_seq_pkg::*;
#(
  parameter int unsigned COUNTER = 4,  // bits of the counter
  parameter int unsigned STRIDE = 4    // bits of the strides that vary
) (
  input logic clk_i,
  input logic clear_i,
  input decision_t decision_i,
  input run_t run_i,
  input logic signed [15:0] act_stride_i,
  input logic signed [12:0] weight_stride_i,
  input logic signed [10:0] threshold_stride_i,
  input logic [2:0] loop_i  // free: the watched loop
);
  step_t step;
  logic outside;
  bnn_address dut (
    .clk_i, .clear_i, .decision_i, .run_i, .act_stride_i, .weight_stride_i, .threshold_stride_i,
    .step_o(step), .outside_o(outside));

  logic started = 1'b0, known = 1'b0;  // known: the counter began at 0
  logic [2:0] loop = '0;
  logic [COUNTER-1:0] counter;
  logic signed [15:0] act_stride;
  logic signed [12:0] weight_stride;
  logic signed [10:0] threshold_stride;
  always_ff @(posedge clk_i) begin
    started <= 1'b1;
    if (!started) loop <= loop_i;
    if (decision_i.clears[loop]) begin
      known   <= started;
      counter <= '0;
    end else if (decision_i.increments && decision_i.loop == loop) begin
      counter <= counter + 1'b1;
      {act_stride, weight_stride, threshold_stride} <=
          {act_stride_i, weight_stride_i, threshold_stride_i};
    end
  end

  logic same, grows;
  assign grows = decision_i.increments && decision_i.loop == loop && !decision_i.clears[loop];
  assign same  = {act_stride, weight_stride, threshold_stride} ==
                 {act_stride_i, weight_stride_i, threshold_stride_i};
  always_comb begin
    assume (act_stride_i == 16'($signed(act_stride_i[STRIDE-1:0])));
    assume (weight_stride_i == 13'($signed(weight_stride_i[STRIDE-1:0])));
    assume (threshold_stride_i == 11'($signed(threshold_stride_i[STRIDE-1:0])));
    if (grows) assume (counter != '1);                 // below its limit (issue.sv)
    if (grows && counter != 0) assume (same);          // a RUN's strides do not change
    if (known) begin
      assert (started);
      if (counter != 0) assert (act_stride == 16'($signed(act_stride[STRIDE-1:0])));
      if (counter != 0) assert (weight_stride == 13'($signed(weight_stride[STRIDE-1:0])));
      if (counter != 0) assert (threshold_stride == 11'($signed(threshold_stride[STRIDE-1:0])));
      assert (dut.act[loop] == 17'(counter) * 17'(act_stride));
      assert (dut.weight[loop] == 14'(counter) * 14'(weight_stride));
      assert (dut.threshold[loop] == 12'(counter) * 12'(threshold_stride));
      cover (counter == 3 && dut.act[loop] == 17'h1_fffd);
    end
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
