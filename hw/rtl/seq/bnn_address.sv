// Addresses: each loop's contribution in each address space, summed one cycle
// after the step's issue; step_o in cycle t + 2. Sums wrap at 17, 14 and 12
// bits, so an address that passes the check lies in its memory.
module bnn_address
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
  import bnn_seq_pkg::*;
#(
  parameter int unsigned WEIGHT_ROWS = 512,
  parameter int unsigned THRESHOLD_ROWS = 256
) (
  input  logic               clk_i,
  input  logic               clear_i,
  input  decision_t          decision_i,  // cycle t + 1
  // The step's RUN, cycle t + 1; what the other parts need of it is unused here.
  // verilator lint_off UNUSEDSIGNAL
  input  run_t               run_i,
  // verilator lint_on UNUSEDSIGNAL
  input  logic signed [15:0] act_stride_i,  // of decision_i.loop
  input  logic signed [12:0] weight_stride_i,
  input  logic signed [10:0] threshold_stride_i,
  output step_t              step_o,        // cycle t + 2
  output logic               outside_o      // step_o's addresses are out of range
);
  // ---- Contributions of the loops before this step.
  logic [7:0][16:0] act;
  logic [7:0][13:0] weight;
  logic [7:0][11:0] threshold;
  for (genvar j = 0; j < 8; j++) begin : gen_loop
    always_ff @(posedge clk_i) begin
      if (decision_i.clears[j]) begin
        act[j]       <= '0;
        weight[j]    <= '0;
        threshold[j] <= '0;
      end else if (decision_i.increments && decision_i.loop == 3'(j)) begin
        act[j]       <= act[j] + 17'(act_stride_i);
        weight[j]    <= weight[j] + 14'(weight_stride_i);
        threshold[j] <= threshold[j] + 12'(threshold_stride_i);
      end
    end
  end

  // ---- Sums.
  logic [16:0] act_sum, act_plane;
  logic [13:0] weight_sum, weight_plane;
  logic [11:0] threshold_sum;
  assign act_plane = (17'(run_i.act_plane_stride) & {17{decision_i.plane_a[0]}}) +
                     ({2'b0, run_i.act_plane_stride, 1'b0} & {17{decision_i.plane_a[1]}}) +
                     ({1'b0, run_i.act_plane_stride, 2'b0} & {17{decision_i.plane_a[2]}});
  assign weight_plane = (14'(run_i.weight_plane_stride) & {14{decision_i.plane_w[0]}}) +
                        ({3'b0, run_i.weight_plane_stride, 1'b0} & {14{decision_i.plane_w[1]}}) +
                        ({2'b0, run_i.weight_plane_stride, 2'b0} & {14{decision_i.plane_w[2]}});
  assign act_sum = ((act[0] + act[1]) + (act[2] + act[3])) +
                   ((act[4] + act[5]) + (act[6] + act[7])) + (act_plane + 17'(run_i.act));
  assign weight_sum = ((weight[0] + weight[1]) + (weight[2] + weight[3])) +
                      ((weight[4] + weight[5]) + (weight[6] + weight[7])) +
                      (weight_plane + 14'(run_i.weight));
  assign threshold_sum = ((threshold[0] + threshold[1]) + (threshold[2] + threshold[3])) +
                         ((threshold[4] + threshold[5]) + (threshold[6] + threshold[7])) +
                         (12'(run_i.threshold) + 12'(decision_i.row));

  // ---- SHIFT steps since INIT or ZERO; stays at 16, past every RUN's `shifts`.
  logic [4:0] shift_index, shift_index_q;
  logic is_shift;
  assign is_shift = decision_i.op == ACC_OP_SHIFT;
  always_comb begin
    shift_index = shift_index_q;
    if (decision_i.op == ACC_OP_INIT || decision_i.op == ACC_OP_ZERO) shift_index = 5'd0;
    else if (is_shift && !shift_index_q[4]) shift_index = shift_index_q + 5'd1;
  end
  always_ff @(posedge clk_i) begin
    if (clear_i) shift_index_q <= 5'd0;
    else if (decision_i.issue) shift_index_q <= shift_index;
  end

  // ---- Activation bits that count: below `tail`, in QUAD of each byte; 0: all.
  logic [4:0] tail;
  logic [31:0] mask;
  assign tail = decision_i.tail ? run_i.tail : 5'd0;
  for (genvar i = 0; i < 32; i++) begin : gen_mask
    assign mask[i] = tail == 5'd0 || (run_i.quad ? 5'(i % 8) : 5'(i)) < tail;
  end

  logic [16:0] act_q;
  logic [13:0] weight_q;
  logic [11:0] threshold_q;
  step_t rest;
  always_ff @(posedge clk_i) begin
    act_q       <= act_sum;
    weight_q    <= weight_sum;
    threshold_q <= threshold_sum;
    rest <= '{
        valid: decision_i.issue && !clear_i,
        op: decision_i.op,
        mac: decision_i.mac,
        quad: run_i.quad,
        mask: mask,
        cluster_stride: run_i.cluster_stride,
        split: run_i.split,
        shamt: is_shift ? run_i.shifts - shift_index[3:0] : run_i.shifts,
        inject: shift_index <= 5'(run_i.shifts),
        held_from: decision_i.hold_tail && run_i.last_pixels != 8'd0 ? run_i.last_pixels : 8'hff,
        default: '0
    };
  end
  always_comb begin
    step_o           = rest;
    step_o.act       = act_q[15:0];
    step_o.weight    = weight_q[12:0];
    step_o.threshold = threshold_q[10:0];
  end
  assign outside_o = rest.valid && (act_q[16] || weight_q >= 14'(WEIGHT_ROWS) ||
                                    threshold_q >= 12'(THRESHOLD_ROWS));

endmodule
