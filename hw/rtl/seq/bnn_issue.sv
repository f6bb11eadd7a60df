// The microsequencer: control store, program counter, the counters of eight
// loops. Everything that it decides in cycle t depends on registers of cycle t,
// so that a RUN's first step follows its predecessor's last without a gap.
module bnn_issue
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
  import bnn_seq_pkg::*;
#(
  parameter int unsigned CLUSTERS = 4,
  parameter int unsigned CONTROL_WORDS = 64
) (
  input  logic             clk_i,
  input  logic             clear_i,
  input  logic             control_we_i,
  input  logic [5:0]       control_addr_i,
  // Reserved bits have been checked.
  // verilator lint_off UNUSEDSIGNAL
  input  microword_t       control_data_i,
  // verilator lint_on UNUSEDSIGNAL
  input  logic             go_i,        // time goes on
  input  logic             start_i,     // the RUN to come starts; only while !active_o
  // The RUN to come.
  input  logic [5:0]       entry_i,
  input  logic [1:0]       split_i,
  input  logic [15:0]      group_pitch_i,
  input  logic [15:0]      row_pitch_i,
  input  logic [7:0][11:0] limit_i,     // limits - 1
  input  logic [7:0]       once_i,
  // The output unit's say.
  input  logic             writer_late_i,
  input  logic             capture_late_i,
  output logic             active_o,    // before this cycle's start
  output logic             issue_o,
  output logic             halt_o,      // the step of this cycle is the RUN's last
  output logic             mac_o,       // the step of this cycle reads the lanes
  output logic             writer_stall_o,
  output logic             value_stall_o,
  output sample_t          sample_o,
  output decision_t        decision_o,  // cycle t + 1
  output trap_e            trap_o
);
  typedef logic [$bits(microword_t)-11:0] stored_t;  // without the ten reserved bits

  // ---- Control store.
  (* ram_style = "distributed" *) stored_t control[CONTROL_WORDS];
  // verilator lint_off UNUSEDSIGNAL
  microword_t word;
  // verilator lint_on UNUSEDSIGNAL
  logic [6:0] pc, pc_next, address;
  logic now, in_range;

  localparam int unsigned ADDRESS_BITS = CONTROL_WORDS > 1 ? $clog2(CONTROL_WORDS) : 1;
  always_ff @(posedge clk_i) begin
    if (control_we_i) control[control_addr_i[ADDRESS_BITS-1:0]] <= stored_t'(control_data_i);
  end
  assign now     = active_o || start_i;
  assign address = active_o ? pc : {1'b0, entry_i};
  assign in_range  = address < 7'(CONTROL_WORDS);
  assign word    = {10'd0, control[address[ADDRESS_BITS-1:0]]};

  // ---- Loops. In a RUN's first cycle the counters are 0 and the limits not here yet.
  logic [7:0][11:0] counter, limit;
  logic [7:0] moved;  // counter != 0
  logic [7:0] at_limit;
  for (genvar j = 0; j < 8; j++) begin : gen_at_limit
    assign at_limit[j] = active_o ? counter[j] == limit[j] : once_i[j];
  end

  // ---- The step's place in its reduction, its sample, its stall.
  logic is_first, is_last, sign, value, done;
  assign is_first = (word.reduce & moved) == 8'd0;
  assign is_last  = (word.reduce & ~at_limit) == 8'd0;
  assign sign     = now && is_last && word.sample == SAMPLE_SIGN;
  assign value    = now && is_last && word.sample == SAMPLE_VALUE;
  assign done     = word.done && at_limit[3];
  assign writer_stall_o = go_i && in_range && sign && done && at_limit[4] && writer_late_i;
  assign value_stall_o  = go_i && in_range && value && capture_late_i;
  assign issue_o = go_i && now && in_range && !writer_stall_o && !value_stall_o;

  // ---- Advance: the first loop of lo..hi that is not at its limit goes on.
  logic [7:0] in_nest, can, clears;
  logic [2:0] loop;
  logic goes_on, is_near;
  always_comb begin
    goes_on = 1'b0;
    loop    = word.hi;
    clears  = 8'd0;
    for (int j = 0; j < 8; j++) begin
      in_nest[j] = 3'(j) >= word.lo && 3'(j) <= word.hi;
      can[j]     = in_nest[j] && !at_limit[j] && word.ends;
      clears[j]  = in_nest[j] && word.ends && !goes_on && !can[j];
      if (can[j] && !goes_on) loop = 3'(j);
      goes_on |= can[j];
    end
  end
  assign is_near = loop == word.lo || loop <= word.mid;
  assign pc_next = !goes_on ? address + 7'd1 : {1'b0, is_near ? word.near : word.far};
  assign halt_o  = issue_o && !goes_on && word.halt;

  always_ff @(posedge clk_i) begin
    if (start_i) limit <= limit_i;
    pc       <= issue_o ? pc_next : address;
    active_o <= now && !halt_o && !clear_i;
  end
  for (genvar j = 0; j < 8; j++) begin : gen_counter
    always_ff @(posedge clk_i) begin
      if (clear_i || halt_o || (issue_o && clears[j])) begin
        counter[j] <= 12'd0;
        moved[j]   <= 1'b0;
      end else if (issue_o && goes_on && loop == 3'(j)) begin
        counter[j] <= counter[j] + 12'd1;
        moved[j]   <= 1'b1;
      end
    end
  end

  // ---- What the output unit must know of the tile: x counts 8 * gp a tile and
  // stays at its top once it leaves 16 bits (no map is that wide).
  localparam int unsigned LOG_CLUSTERS = $clog2(CLUSTERS);
  logic [1:0] split, split_now;
  logic [15:0] group_pitch, row_pitch, group_words, row_words;
  logic [16:0] x;
  logic reduced;
  assign split_now = active_o ? split : split_i;
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      split       <= split_i;
      group_pitch <= group_pitch_i;
      row_pitch   <= row_pitch_i;
    end
    if (clear_i || halt_o || (issue_o && clears[5])) x <= 17'd0;
    else if (issue_o && goes_on && loop == 3'd5)
      x <= x[16] ? x : x + (17'(PIXELS) << LOG_CLUSTERS >> split_now);
    if (clear_i || halt_o || (issue_o && clears[6])) row_words <= 16'd0;
    else if (issue_o && goes_on && loop == 3'd6)
      row_words <= row_words + (active_o ? row_pitch : row_pitch_i);
    if (clear_i || halt_o || (issue_o && clears[7])) group_words <= 16'd0;
    else if (issue_o && goes_on && loop == 3'd7)
      group_words <= group_words + (active_o ? group_pitch : group_pitch_i);
  end

  assign reduced = word.reduce[5];
  assign sample_o = '{
      sign: sign && go_i && in_range,
      value: value && go_i && in_range,
      done: done,
      plane: word.plane + counter[3][2:0],
      tile: counter[4][1:0],
      x: reduced ? 16'd0 : x[15:0] | {16{x[16]}},
      begins: !moved[5] || reduced,
      stream: group_words + row_words,
      last_tile: at_limit[4],
      last_x: at_limit[5] || reduced
  };

  // ---- For the addresses.
  acc_op_e op;
  assign op    = is_first ? word.first : word.rest;
  assign mac_o = issue_o && word.mac && op != ACC_OP_BIAS && op != ACC_OP_HOLD;
  always_ff @(posedge clk_i) begin
    decision_o <= '{
        issue: issue_o,
        op: op,
        mac: mac_o,
        tail: word.tail && at_limit[0],
        hold_tail: word.hold_tail && at_limit[5],
        row: word.row,
        plane_a: word.plane_a,
        plane_w: word.plane_w,
        increments: issue_o && goes_on,
        loop: loop,
        clears: clears & {8{issue_o}} | {8{halt_o || clear_i}}
    };
  end

  // ---- Traps. The watchdog counts this RUN's steps before the present one.
  localparam int unsigned MAX_STEPS_LOG = 24;
  logic [MAX_STEPS_LOG:0] steps;
  always_ff @(posedge clk_i) begin
    if (clear_i || halt_o) steps <= '0;
    else if (issue_o) steps <= steps + 1'b1;
  end
  always_comb begin
    trap_o = TRAP_NONE;
    if (go_i && now && !in_range) trap_o = TRAP_CONTROL_RANGE;
    else if (issue_o && steps[MAX_STEPS_LOG]) trap_o = TRAP_WATCHDOG;
    else if (issue_o && (value || (sign && done)) && counter[4][11:2] != 10'd0)
      trap_o = TRAP_ILLEGAL_FIELD;
  end

endmodule
