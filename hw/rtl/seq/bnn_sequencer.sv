// Everything that decides time: dispatch, queues, tokens, RUNs, retirement,
// the end of windows and of code, traps, counters. In cycle c it does what the
// golden model does in its cycle c, in this order: dispatch, RUN, LOAD, STORE.
module bnn_sequencer
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
  import bnn_seq_pkg::*;
#(
  parameter int unsigned CLUSTERS = 4,
  parameter int unsigned WEIGHT_ROWS = 512,
  parameter int unsigned THRESHOLD_ROWS = 256,
  parameter int unsigned CONTROL_WORDS = 64
) (
  input  logic         clk_i,
  input  logic         rst_i,
  // Code: filled in from word 0 upwards while not busy, kept from start to start.
  input  logic         code_we_i,
  input  logic [8:0]   code_addr_i,
  input  logic [127:0] code_data_i,
  input  logic         start_i,
  input  logic [9:0]   start_count_i,    // instructions
  input  logic [31:0]  start_windows_i,
  output logic         busy_o,
  output logic         done_o,           // pulse: finished or trapped, LOAD and STORE at rest
  // LOAD engine.
  output logic         load_start_o,
  output load_t        load_o,
  output logic [31:0]  load_window_o,
  input  logic         load_busy_i,
  input  logic         load_done_i,
  input  logic         control_we_i,     // a control word at the end of this cycle
  input  logic [5:0]   control_addr_i,
  input  microword_t   control_data_i,
  // STORE engine.
  output logic         store_start_o,
  output store_t       store_o,
  output logic [31:0]  store_window_o,
  input  logic         store_busy_i,
  input  logic         store_done_i,
  output logic         reads_lanes_o,    // this cycle's step has the lanes' read port
  // Output unit.
  output logic         out_next_o,       // the word of the RUN to come is taken, out_o complete
  output logic [1:0]   out_next_split_o,
  output logic         out_active_o,     // a RUN began before this cycle and is not over
  output logic         out_begin_o,      // out_o and out_split_o are for the samples from now on
  output out_t         out_o,
  output logic [1:0]   out_split_o,
  output sample_t      sample_o,
  output logic         issue_o,
  input  logic         writer_late_i,    // its writer is free later than t + 8
  input  logic         capture_late_i,   // no capture is free at t + 11
  input  logic [23:0]  value_left_i,     // cycles from now until the value path is free,
  input  logic [23:0]  writer_left_i,    // samples up to two cycles ago counted; the writer, three
  // Array.
  output step_t        step_o,
  input  logic         array_range_i,    // a lane read of the step of four cycles ago is outside
  // Traps: the first in the model's order stays until the next start.
  input  logic         ext_trap_i,
  input  trap_e        ext_code_i,
  input  logic [9:0]   ext_index_i,
  output trap_e        trap_o,
  output logic [9:0]   trap_index_o,
  output logic [9:0]   run_index_o,      // of the RUN at work, for the others' traps
  output logic [9:0]   load_index_o,
  output logic [9:0]   store_index_o,
  // Counters of this execution.
  output logic [63:0]  cycles_o,
  output logic [31:0]  idle_cycles_o,
  output logic [31:0]  writer_stalls_o,
  output logic [31:0]  value_stalls_o,
  output logic [31:0]  load_waits_o,   // a RUN waits for LOAD's token
  output logic [31:0]  store_waits_o,  // for STORE's only
  output logic [31:0]  steps_o,
  output logic [31:0]  windows_done_o,
  output logic [63:0]  first_end_o,      // cycle of the first END, of the last one
  output logic [63:0]  last_end_o
);
  localparam int unsigned LOG_CLUSTERS = $clog2(CLUSTERS);

  // ---- States: HOLD while traps of steps under way may come, and LOAD and STORE rest.
  typedef enum logic [1:0] {
    IDLE,
    CHECK,  // the code is checked, its first words are read
    RUN,    // the model's cycles 0, 1, ...
    HOLD
  } state_e;
  state_e state;
  logic go, clear, finished, prime, trapped;
  logic [2:0] held;

  assign go      = state == RUN;
  assign clear   = rst_i || state == IDLE;
  assign busy_o  = state != IDLE;
  assign trapped = trap_o != TRAP_NONE;

  // ---- Front end and queues.
  trap_e code_trap;
  logic [9:0] code_trap_index;
  logic load_room, run_room, store_room, load_push, run_push, store_push;
  logic load_valid, run_valid, store_valid, load_pop, run_pop, store_pop;
  logic moved, drained;
  // verilator lint_off UNUSEDSIGNAL
  logic [127:0] word, run_word;  // reserved bits are 0
  // verilator lint_on UNUSEDSIGNAL
  logic [8:0] index, load_index, run_word_index, store_index;
  logic [31:0] window;
  bnn_dispatch u_dispatch (
    .clk_i,
    .rst_i,
    .code_we_i,
    .code_addr_i,
    .code_data_i,
    .start_i     (start_i && state == IDLE),
    .count_i     (start_count_i),
    .windows_i   (start_windows_i),
    .stop_i      (state == IDLE || state == HOLD),
    .prime_o     (prime),
    .trap_o      (code_trap),
    .trap_index_o(code_trap_index),
    .load_room_i (load_room),
    .run_room_i  (run_room),
    .store_room_i(store_room),
    .load_push_o (load_push),
    .run_push_o  (run_push),
    .store_push_o(store_push),
    .word_o      (word),
    .index_o     (index),
    .window_o    (window),
    .moved_o     (moved),
    .drained_o   (drained)
  );

  // LOAD: bits 4..54 and 64..127 hold fields.
  logic [114:0] load_fields;
  bnn_queue #(
    .WIDTH(115 + 9 + 32)
  ) u_load_queue (
    .clk_i,
    .clear_i(clear),
    .push_i (load_push),
    .data_i ({window, index, word[127:64], word[54:4]}),
    .room_o (load_room),
    .pop_i  (load_pop),
    .valid_o(load_valid),
    .data_o ({load_window_o, load_index, load_fields})
  );
  assign load_o = load_t'({load_fields[114:51], 9'd0, load_fields[50:0], OPCODE_LOAD});

  // STORE: bits 4..53 and 64..79; END: a flag.
  logic [65:0] store_fields;
  logic is_end;
  bnn_queue #(
    .WIDTH(1 + 66 + 9 + 32)
  ) u_store_queue (
    .clk_i,
    .clear_i(clear),
    .push_i (store_push),
    .data_i ({window, index, word[79:64], word[53:4], word[3:0] == OPCODE_END}),
    .room_o (store_room),
    .pop_i  (store_pop),
    .valid_o(store_valid),
    .data_o ({store_window_o, store_index, store_fields, is_end})
  );
  assign store_o =
      store_t'({48'd0, store_fields[65:50], 10'd0, store_fields[49:0], OPCODE_STORE});

  // RUN, LOOP, OUT: opcodes 2..4, bits 4..119.
  logic [115:0] run_fields;
  logic [2:0] run_opcode;
  bnn_queue #(
    .WIDTH(116 + 3 + 9),
    .DEPTH(64)
  ) u_run_queue (
    .clk_i,
    .clear_i(clear),
    .push_i (run_push),
    .data_i ({index, word[119:4], word[2:0]}),
    .room_o (run_room),
    .pop_i  (run_pop),
    .valid_o(run_valid),
    .data_o ({run_word_index, run_fields, run_opcode})
  );
  assign run_word = {8'd0, run_fields, 1'b0, run_opcode};

  // ---- RUN.
  run_t run_next, run_now;
  logic [8:0] gather_index, now_index;
  logic [7:0][11:0] limit;
  logic [7:0] once;
  logic run_full, start, active, issue, halt, mac, writer_stall, value_stall;
  decision_t decision;
  logic signed [15:0] act_stride;
  logic signed [12:0] weight_stride;
  logic signed [10:0] threshold_stride;
  trap_e issue_trap;
  bnn_gather u_gather (
    .clk_i,
    .clear_i           (clear),
    .pull_i            (run_pop),
    .word_i            (run_word),
    .index_i           (run_word_index),
    .start_i           (start),
    .full_o            (run_full),
    .run_o             (run_next),
    .out_o,
    .index_o           (gather_index),
    .limit_o           (limit),
    .once_o            (once),
    .loop_i            (decision.loop),
    .act_stride_o      (act_stride),
    .weight_stride_o   (weight_stride),
    .threshold_stride_o(threshold_stride)
  );

  // It starts `delay` cycles after the RUN before, with its tokens.
  logic [7:0] since;  // cycles since the cycle after the last step, at most 255
  logic delayed, retire_full, tokens_there, from_load, from_store, wants, split_bad;
  assign delayed      = since < run_next.delay;
  assign tokens_there = (!run_next.pop_prev || from_load) && (!run_next.pop_next || from_store);
  assign wants        = go && !active && run_full && !delayed && !retire_full;
  assign split_bad    = {1'b0, run_next.split} > 3'(LOG_CLUSTERS);
  assign start        = wants && tokens_there && !split_bad;
  assign run_pop      = go && run_valid && (!run_full || start);
  always_ff @(posedge clk_i) begin
    if (clear) since <= 8'hff;
    else if (issue) since <= 8'd0;
    else if (since != 8'hff) since <= since + 8'd1;
    if (start) begin
      run_now   <= run_next;
      now_index <= gather_index;
    end
  end
  // verilator lint_off UNUSEDSIGNAL
  run_t run_taken;
  // verilator lint_on UNUSEDSIGNAL
  assign run_taken        = run_t'(run_word);
  assign out_next_o       = run_pop && run_taken.opcode == OPCODE_RUN;
  assign out_next_split_o = run_taken.split;
  assign out_active_o     = active;
  assign out_begin_o = start;
  assign out_split_o = run_next.split;

  bnn_issue #(
    .CLUSTERS     (CLUSTERS),
    .CONTROL_WORDS(CONTROL_WORDS)
  ) u_issue (
    .clk_i,
    .clear_i       (clear),
    .control_we_i,
    .control_addr_i,
    .control_data_i,
    .go_i          (go),
    .start_i       (start),
    .entry_i       (run_next.entry),
    .split_i       (run_next.split),
    .group_pitch_i (out_o.group_pitch),
    .row_pitch_i   (out_o.row_pitch),
    .limit_i       (limit),
    .once_i        (once),
    .writer_late_i,
    .capture_late_i,
    .active_o      (active),
    .issue_o       (issue),
    .halt_o        (halt),
    .mac_o         (mac),
    .writer_stall_o(writer_stall),
    .value_stall_o (value_stall),
    .sample_o,
    .decision_o    (decision),
    .trap_o        (issue_trap)
  );
  assign issue_o       = issue;
  assign reads_lanes_o = mac;

  logic outside;
  bnn_address #(
    .WEIGHT_ROWS   (WEIGHT_ROWS),
    .THRESHOLD_ROWS(THRESHOLD_ROWS)
  ) u_address (
    .clk_i,
    .clear_i           (clear),
    .decision_i        (decision),
    .run_i             (run_now),
    .act_stride_i      (act_stride),
    .weight_stride_i   (weight_stride),
    .threshold_stride_i(threshold_stride),
    .step_o,
    .outside_o         (outside)
  );

  // ---- Retirement and tokens.
  logic retiring, retire_token, freed, push_prev, push_next;
  assign push_prev = active ? run_now.push_prev : run_next.push_prev;
  assign push_next = active ? run_now.push_next : run_next.push_next;
  bnn_retire u_retire (
    .clk_i,
    .clear_i      (clear),
    .halt_i       (halt),
    .push_next_i  (push_next),
    .value_left_i,
    .writer_left_i,
    .pending_o    (retiring),
    .full_o       (retire_full),
    .token_o      (retire_token)
  );
  logic freed_token;
  assign freed_token = freed && go;
  always_ff @(posedge clk_i) freed <= halt && push_prev;

  logic load_pushes, store_pushes, for_load, for_store;
  always_ff @(posedge clk_i) begin
    if (load_start_o) load_pushes <= load_o.push_next;
    if (store_start_o) store_pushes <= store_o.push_prev;
  end
  bnn_tokens u_load_to_run (
    .clk_i,
    .clear_i(clear),
    .now_i  (1'b0),
    .later_i(load_done_i && load_pushes),
    .take_i (start && run_next.pop_prev),
    .any_o  (from_load)
  );
  bnn_tokens #(
    .FIRST(10'd1)
  ) u_run_to_load (
    .clk_i,
    .clear_i(clear),
    .now_i  (freed_token),
    .later_i(1'b0),
    .take_i (load_pop && load_o.pop_next),
    .any_o  (for_load)
  );
  bnn_tokens u_run_to_store (
    .clk_i,
    .clear_i(clear),
    .now_i  (retire_token),
    .later_i(1'b0),
    .take_i (store_start_o && store_o.pop_prev),
    .any_o  (for_store)
  );
  bnn_tokens #(
    .FIRST(10'd1)
  ) u_store_to_run (
    .clk_i,
    .clear_i(clear),
    .now_i  (1'b0),
    .later_i(store_done_i && store_pushes),
    .take_i (start && run_next.pop_next),
    .any_o  (from_store)
  );

  // ---- LOAD and STORE start; their last static checks.
  function automatic logic whole_rows(input load_dest_e dest, input logic [3:0] beats,
                                      input logic [1:0] split);
    logic rows;  // beats are a multiple of 4 << split
    rows = beats[1:0] == 2'd0 && (split == 2'd0 || !beats[2]) && (!split[1] || !beats[3]);
    whole_rows = rows || dest != LOAD_DEST_WEIGHTS && dest != LOAD_DEST_THRESHOLDS;
  endfunction

  logic load_bad, store_bad;
  assign load_bad = {1'b0, load_o.split} > 3'(LOG_CLUSTERS) || !whole_rows(load_o.dest, load_o.beats[3:0], load_o.split) ||
                    (load_o.dest == LOAD_DEST_LANES && load_o.address[0]);
  assign load_pop = go && !load_busy_i && load_valid && (!load_o.pop_next || for_load);
  assign load_start_o = load_pop && !load_bad;

  logic store_go;
  assign store_bad     = store_o.source == STORE_SOURCE_LANES && store_o.address[0];
  assign store_go      = !is_end && (!store_o.pop_prev || for_store);
  assign store_pop     = go && !store_busy_i && store_valid && (is_end || store_go);
  assign store_start_o = store_pop && store_go && !store_bad;

  logic [8:0] load_index_q, store_index_q;
  always_ff @(posedge clk_i) begin
    if (load_pop) load_index_q <= load_index;
    if (store_pop) store_index_q <= store_index;
  end
  assign load_index_o  = {1'b0, load_index_q};
  assign store_index_o = {1'b0, store_index_q};

  // ---- The end: a cycle in which nothing moved and nothing waits for time. (A RUN
  // retires after its last lane write and output word.)
  logic run_busy, progress;
  assign run_busy = active || start || run_pop || retiring || freed || (run_full && delayed);
  assign progress = moved || run_busy || load_busy_i || load_pop || store_busy_i || store_pop;
  assign finished = drained && !run_full && !run_valid && !load_valid && !store_valid;

  // ---- Traps. A step's range is known late: it comes before what was recorded since.
  logic range_trap, range_seen;
  trap_e trap_now;
  logic [9:0] trap_now_index;
  logic [8:0] work_index;
  logic [8:0] step_index[4];  // of the step issued 1, 2, 3, 4 cycles ago
  assign work_index  = active ? now_index : gather_index;
  assign run_index_o = {1'b0, work_index};
  assign range_trap  = outside || array_range_i;
  always_comb begin
    trap_now       = TRAP_NONE;
    trap_now_index = {1'b0, work_index};
    if (code_trap != TRAP_NONE) begin
      trap_now       = code_trap;
      trap_now_index = code_trap_index;
    end else if (wants && tokens_there && split_bad) begin
      trap_now = TRAP_ILLEGAL_FIELD;
    end else if (issue_trap != TRAP_NONE) begin
      trap_now = issue_trap;
    end else if (ext_trap_i && state != IDLE) begin
      trap_now       = ext_code_i;
      trap_now_index = ext_index_i;
    end else if (load_pop && load_bad) begin
      trap_now       = TRAP_ILLEGAL_FIELD;
      trap_now_index = {1'b0, load_index};
    end else if (store_pop && !is_end && store_bad) begin
      trap_now       = TRAP_ILLEGAL_FIELD;
      trap_now_index = {1'b0, store_index};
    end else if (go && !progress && !finished) begin
      trap_now = TRAP_DEADLOCK;
    end
  end

  always_ff @(posedge clk_i) begin
    step_index[0] <= work_index;
    step_index[1] <= step_index[0];
    step_index[2] <= step_index[1];
    step_index[3] <= step_index[2];
    if (start_i && state == IDLE) begin
      trap_o       <= TRAP_NONE;
      trap_index_o <= 10'd0;
      range_seen   <= 1'b0;
    end else if (state != IDLE && range_trap && !range_seen) begin
      range_seen   <= 1'b1;
      trap_o       <= TRAP_ADDRESS_RANGE;
      trap_index_o <= {1'b0, step_index[outside ? 1 : 3]};
    end else if (!trapped && trap_now != TRAP_NONE) begin
      trap_o       <= trap_now;
      trap_index_o <= trap_now_index;
    end
    if (rst_i) trap_o <= TRAP_NONE;
  end

  always_ff @(posedge clk_i) begin
    done_o <= 1'b0;
    held   <= state == HOLD ? held + 3'd1 : 3'd0;
    unique case (state)
      IDLE:  if (start_i) state <= CHECK;
      CHECK: if (prime) state <= RUN;
      RUN:   if (!progress) state <= HOLD;
      default: begin
        if (&held && !load_busy_i && !store_busy_i) begin
          state  <= IDLE;
          done_o <= 1'b1;
        end else if (&held) begin
          held <= held;
        end
      end
    endcase
    if ((state == CHECK || state == RUN) && (trap_now != TRAP_NONE || range_trap)) state <= HOLD;
    if (rst_i) begin
      state  <= IDLE;
      done_o <= 1'b0;
    end
  end

  // ---- Counters.
  always_ff @(posedge clk_i) begin
    if (state == CHECK) begin
      cycles_o        <= '0;
      idle_cycles_o   <= '0;
      writer_stalls_o <= '0;
      value_stalls_o  <= '0;
      load_waits_o    <= '0;
      store_waits_o   <= '0;
      steps_o         <= '0;
      windows_done_o  <= '0;
      first_end_o     <= '0;
      last_end_o      <= '0;
    end else if (go) begin
      if (progress) begin  // two halves: a shorter carry
        cycles_o[31:0] <= cycles_o[31:0] + 32'd1;
        if (&cycles_o[31:0]) cycles_o[63:32] <= cycles_o[63:32] + 32'd1;
      end
      if (!issue) idle_cycles_o <= idle_cycles_o + 32'd1;
      if (writer_stall) writer_stalls_o <= writer_stalls_o + 32'd1;
      if (value_stall) value_stalls_o <= value_stalls_o + 32'd1;
      if (wants && !tokens_there) begin
        if (run_next.pop_prev && !from_load) load_waits_o <= load_waits_o + 32'd1;
        else store_waits_o <= store_waits_o + 32'd1;
      end
      if (mac) steps_o <= steps_o + 32'd1;
      if (store_pop && is_end) begin
        windows_done_o <= windows_done_o + 32'd1;
        last_end_o     <= cycles_o;
        if (windows_done_o == 32'd0) first_end_o <= cycles_o;
      end
    end
  end

endmodule
