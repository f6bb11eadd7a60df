// The RUN to come: LOOP and OUT words set it up, the RUN word completes it.
// The present RUN's strides are read from the other half of the stride
// memories; its limits are copied at its start.
module bnn_gather
  import bnn_isa_pkg::*;
(
  input  logic               clk_i,
  input  logic               clear_i,
  input  logic               pull_i,   // takes word_i, a LOOP, OUT or RUN
  // The opcode is checked, reserved bits are 0.
  // verilator lint_off UNUSEDSIGNAL
  input  logic [127:0]       word_i,
  // verilator lint_on UNUSEDSIGNAL
  input  logic [8:0]         index_i,
  input  logic               start_i,  // the RUN to come becomes the present one
  output logic               full_o,   // a whole RUN waits
  output run_t               run_o,
  output out_t               out_o,
  output logic [8:0]         index_o,  // of the last word taken: a waiting RUN's own
  output logic [7:0][11:0]   limit_o,  // limits - 1
  output logic [7:0]         once_o,   // limits that are 1
  // Strides of the present RUN, until the end of the cycle after its last step.
  input  logic [2:0]         loop_i,
  output logic signed [15:0] act_stride_o,
  output logic signed [12:0] weight_stride_o,
  output logic signed [10:0] threshold_stride_o
);
  typedef struct packed {
    logic [10:0] threshold;
    logic [12:0] weight;
    logic [15:0] act;
  } strides_t;

  // verilator lint_off UNUSEDSIGNAL
  loop_t loops;
  // verilator lint_on UNUSEDSIGNAL
  logic is_loop, is_out, is_run, set0, set1;
  assign loops   = loop_t'(word_i);
  assign is_loop = pull_i && word_i[3:0] == OPCODE_LOOP;
  assign is_out  = pull_i && word_i[3:0] == OPCODE_OUT;
  assign is_run  = pull_i && word_i[3:0] == OPCODE_RUN;
  assign set0    = is_loop && loops.limit0 != 12'd0;
  assign set1    = is_loop && loops.limit1 != 12'd0;

  // ---- Strides: one memory for each half of a LOOP, halves of eight for the
  // present RUN and the one to come. `set`, `second`: who wrote a loop last.
  (* ram_style = "distributed" *) strides_t first_half[16];
  (* ram_style = "distributed" *) strides_t second_half[16];
  logic bank, write_bank;  // of the RUN to come
  logic [7:0] set_next, second_next, set_now, second_now;
  strides_t stride;

  assign write_bank = bank ^ start_i;
  always_ff @(posedge clk_i) begin
    if (set0) first_half[{write_bank, loops.index0}] <=
        {loops.threshold_stride0, loops.weight_stride0, loops.act_stride0};
    if (set1) second_half[{write_bank, loops.index1}] <=
        {loops.threshold_stride1, loops.weight_stride1, loops.act_stride1};
    if (clear_i) bank <= 1'b0;
    else bank <= write_bank;
    if (start_i) begin
      set_now    <= set_next;
      second_now <= second_next;
    end
  end
  assign stride = !set_now[loop_i] ? '0
                : second_now[loop_i] ? second_half[{!bank, loop_i}] : first_half[{!bank, loop_i}];
  assign act_stride_o       = stride.act;
  assign weight_stride_o    = stride.weight;
  assign threshold_stride_o = stride.threshold;

  // ---- Limits, less one; a LOOP's second half wins.
  logic [11:0] less0, less1;
  logic once0, once1;
  assign less0 = loops.limit0 - 12'd1;
  assign less1 = loops.limit1 - 12'd1;
  assign once0 = less0 == 12'd0;
  assign once1 = less1 == 12'd0;

  for (genvar j = 0; j < 8; j++) begin : gen_limit
    logic hit0, hit1;
    assign hit0 = set0 && loops.index0 == 3'(j);
    assign hit1 = set1 && loops.index1 == 3'(j);
    always_ff @(posedge clk_i) begin
      if (hit0 || hit1) begin
        limit_o[j]     <= hit1 ? less1 : less0;
        once_o[j]      <= hit1 ? once1 : once0;
        set_next[j]    <= 1'b1;
        second_next[j] <= hit1;
      end else if (start_i || clear_i) begin
        limit_o[j]  <= 12'd0;
        once_o[j]   <= 1'b1;
        set_next[j] <= 1'b0;
      end
    end
  end

  // ---- OUT and RUN.
  localparam out_t NoOut = '{
      opcode: OPCODE_OUT, mode: OUT_MODE_BITS, pool_window: 4'd1, pool_stride: 4'd1, default: '0};
  always_ff @(posedge clk_i) begin
    if (pull_i) index_o <= index_i;
    if (is_run) run_o <= run_t'(word_i);
    if (is_out) out_o <= out_t'(word_i);
    else if (start_i || clear_i) out_o <= NoOut;
    if (clear_i) full_o <= 1'b0;
    else if (is_run) full_o <= 1'b1;
    else if (start_i) full_o <= 1'b0;
    if (clear_i) index_o <= 9'd0;
  end

endmodule
