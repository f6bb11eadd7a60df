// Instruction memory and front end: checks the words as they are filled in,
// then hands one instruction a cycle, in order, to its engine's queue, once
// per window. It works one cycle ahead of the model: what it pushes in cycle
// c - 1 is in its queue in cycle c, the model's cycle of dispatch.
module bnn_dispatch
  import bnn_isa_pkg::*;
(
  input  logic         clk_i,
  input  logic         rst_i,
  // Words are filled in from word 0 upwards, not while code runs.
  input  logic         code_we_i,
  input  logic [8:0]   code_addr_i,
  input  logic [127:0] code_data_i,
  input  logic         start_i,
  input  logic [9:0]   count_i,    // instructions
  input  logic [31:0]  windows_i,
  input  logic         stop_i,     // level: execution has ended
  output logic         prime_o,    // the cycle before cycle 0
  output trap_e        trap_o,     // in the cycle after start_i: the code is bad
  output logic [9:0]   trap_index_o,
  // The queues; room is for the model's next cycle.
  input  logic         load_room_i,
  input  logic         run_room_i,
  input  logic         store_room_i,
  output logic         load_push_o,
  output logic         run_push_o,
  output logic         store_push_o,
  output logic [127:0] word_o,
  output logic [8:0]   index_o,
  output logic [31:0]  window_o,
  output logic         moved_o,    // an instruction was dispatched in this (model) cycle
  output logic         drained_o   // all windows are dispatched
);
  typedef enum logic [1:0] {
    IDLE,
    LAST,   // the memory shows the last instruction
    PRIME,  // it shows the first one: the cycle before cycle 0
    MOVE
  } state_e;

  state_e state;
  (* ram_style = "block" *) logic [127:0] memory[ISA_INSTRUCTION_MEMORY];
  logic [8:0] address, next, last;
  logic [9:0] count;
  logic [31:0] windows;
  logic push, at_last;

  // ---- Checks while filling: the first bad word and its trap.
  function automatic trap_e check(input logic [127:0] word);
    // verilator lint_off UNUSEDSIGNAL
    out_t out;  // here its mode, base and pitches count
    // verilator lint_on UNUSEDSIGNAL
    logic to_lanes;
    out = out_t'(word);
    to_lanes = out.mode == OUT_MODE_BITS || out.mode == OUT_MODE_SUM_BITS;
    check = trap_of(word);
    if (check == TRAP_NONE && out.opcode == OPCODE_OUT && to_lanes &&
        (out.base[0] || out.group_pitch[0] || out.row_pitch[0]))
      check = TRAP_ILLEGAL_FIELD;
  endfunction

  trap_e bad;
  logic [8:0] bad_index;
  always_ff @(posedge clk_i) begin
    if (code_we_i && (code_addr_i == 9'd0 || bad == TRAP_NONE)) begin
      bad       <= check(code_data_i);
      bad_index <= code_addr_i;
    end
    if (rst_i) bad <= TRAP_NONE;
  end

  always_comb begin
    trap_o       = TRAP_NONE;
    trap_index_o = 10'd0;
    if (state == LAST) begin
      if (count > 10'(ISA_INSTRUCTION_MEMORY)) begin
        trap_o = TRAP_ADDRESS_RANGE;
      end else if (bad != TRAP_NONE && {1'b0, bad_index} < count) begin
        trap_o       = bad;
        trap_index_o = {1'b0, bad_index};
      end else if (count == 10'd0 || word_o[3:0] != OPCODE_END) begin
        trap_o       = TRAP_MISSING_END;
        trap_index_o = count == 10'd0 ? 10'd0 : {1'b0, last};
      end
    end
  end

  // ---- The memory: read every cycle, one word ahead.
  always_ff @(posedge clk_i) begin
    if (code_we_i) memory[code_addr_i] <= code_data_i;
    word_o <= memory[address];
  end

  assign at_last = next == last;
  always_comb begin
    unique case (state)
      IDLE:    address = count_i[8:0] - 9'd1;
      LAST:    address = 9'd0;
      default: address = !push ? next : at_last ? 9'd0 : next + 9'd1;
    endcase
  end

  // ---- Dispatch.
  always_comb begin
    load_push_o  = 1'b0;
    run_push_o   = 1'b0;
    store_push_o = 1'b0;
    if ((state == PRIME || state == MOVE) && !drained_o && !stop_i) begin
      unique case (word_o[3:0])
        OPCODE_LOAD:              load_push_o = load_room_i;
        OPCODE_STORE, OPCODE_END: store_push_o = store_room_i;
        default:                  run_push_o = run_room_i;
      endcase
    end
  end
  assign push    = load_push_o || store_push_o || run_push_o;
  assign index_o = next;
  assign prime_o = state == PRIME;
  assign drained_o = window_o == windows;

  always_ff @(posedge clk_i) begin
    moved_o <= push;
    if (push) begin
      next <= at_last ? 9'd0 : next + 9'd1;
      if (at_last) window_o <= window_o + 32'd1;
    end
    unique case (state)
      IDLE: begin
        if (start_i) begin
          state    <= LAST;
          next     <= 9'd0;
          last     <= count_i[8:0] - 9'd1;
          count    <= count_i;
          windows  <= windows_i;
          window_o <= 32'd0;
        end
      end
      LAST:    state <= PRIME;
      PRIME:   state <= MOVE;
      default: ;
    endcase
    if (rst_i || (stop_i && state != IDLE) || trap_o != TRAP_NONE) state <= IDLE;
  end

endmodule
