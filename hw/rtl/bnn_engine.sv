// The engine without its bus: sequencer, array, output unit, LOAD and STORE.
// Beats come and go in order at the read and write streams; who moves them over
// AXI is bnn_top's matter.
module bnn_engine
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
#(
  parameter int unsigned CLUSTERS = 4,
  parameter int unsigned LANE_WORDS = 1536,
  parameter int unsigned WEIGHT_ROWS = 512,
  parameter int unsigned THRESHOLD_ROWS = 256,
  parameter int unsigned CONTROL_WORDS = 64,
  parameter int unsigned OUTPUT_WORDS = 1024,
  parameter int unsigned ACCUMULATOR_BITS = 24
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             abort_i,  // level: LOAD and STORE come to rest
  // Code, kept from start to start.
  input  logic             code_we_i,
  input  logic [8:0]       code_addr_i,
  input  logic [127:0]     code_data_i,
  input  logic             start_i,
  input  logic [9:0]       count_i,    // instructions
  input  logic [31:0]      windows_i,
  output logic             done_o,     // pulse: finished or trapped
  output trap_e            trap_o,     // until the next start
  output logic [9:0]       trap_index_o,
  // Regions, in beats of 8 bytes.
  input  logic [3:0][28:0] base_i,
  input  logic [3:0][28:0] size_i,
  input  logic [28:0]      input_stride_i,
  input  logic [28:0]      output_stride_i,
  // Reads.
  output logic             read_start_o,
  output logic [28:0]      read_address_o,
  output logic [15:0]      read_beats_o,
  input  logic             beat_valid_i,
  input  logic [63:0]      beat_i,
  output logic             beat_pop_o,
  input  trap_e            read_trap_i,   // pulse: an error or silence
  // Writes.
  output logic             write_start_o,
  output logic [28:0]      write_address_o,
  output logic [15:0]      write_beats_o,
  output logic             push_o,
  output logic [63:0]      push_data_o,
  input  logic             room_i,
  input  logic             written_i,
  input  trap_e            write_trap_i,
  // Counters of this execution, and single cycles to count.
  output logic [63:0]      cycles_o,
  output logic [31:0]      idle_cycles_o,
  output logic [31:0]      writer_stalls_o,
  output logic [31:0]      value_stalls_o,
  output logic [31:0]      load_waits_o,
  output logic [31:0]      store_waits_o,
  output logic [31:0]      steps_o,
  output logic [31:0]      windows_done_o,
  output logic [63:0]      first_end_o,
  output logic [63:0]      last_end_o,
  output logic             starved_o,    // LOAD waits for the memory
  output logic             lane_beat_o   // the output unit writes the lanes
);
  // ---- Between the blocks.
  load_t load;
  store_t store;
  out_t out;
  sample_t sample;
  step_t step;
  lane_write_t load_write, out_write, lane_write;
  logic load_start, load_busy, load_done, load_late, store_start, store_busy, store_done;
  logic control_we, reads_lanes, out_next, out_active, out_begin, issue, writer_late, capture_late;
  logic out_valid, port_taken, array_range, out_trap, capture_read, lane_read;
  logic [31:0] load_window, store_window;
  logic [5:0] control_addr;
  logic [63:0] control_data, lane_data, buffer_data;
  logic [1:0] out_next_split, out_split, capture;
  logic [23:0] writer_left, value_left;
  logic [CLUSTERS-1:0][PIXELS-1:0][CHANNELS-1:0] sign;
  logic [CLUSTERS-1:0][CHANNELS-1:0] polarity;
  logic [3:0] read_cluster;
  logic [2:0] read_pixel;
  logic [CHANNELS-1:0][ACCUMULATOR_BITS-1:0] value;
  logic [CHANNELS-1:0][ISA_THRESHOLD_BITS-1:0] threshold;
  logic [CHANNELS-1:0] value_polarity;
  logic [CLUSTERS-1:0] weight_we, threshold_we;
  logic [12:0] weight_row;
  logic [10:0] threshold_row;
  logic [255:0] weight_data;
  logic [255:0] threshold_data;
  logic [14:0] lane_pair;
  logic [15:0] buffer_addr;
  trap_e load_trap, store_trap, out_code;

  // ---- Traps from outside the sequencer, in the model's order.
  trap_e ext_code;
  logic [9:0] ext_index, run_index, load_index, store_index;
  logic [READ_LAG:1][9:0] load_index_q;  // a late trap is of the LOAD three cycles ago
  logic [READ_LAG-1:0][9:0] run_index_q;
  logic [READ_LAG:0][9:0] run_index_ago;  // so many cycles
  logic [1:0] out_age;
  logic sequencer_busy;
  always_ff @(posedge clk_i) begin
    load_index_q <= {load_index_q[READ_LAG-1:1], load_index};
    run_index_q  <= run_index_ago[READ_LAG-1:0];
  end
  assign run_index_ago = {run_index_q, run_index};
  always_comb begin
    ext_code  = TRAP_NONE;
    ext_index = load_index;
    if (out_trap) begin
      ext_code  = out_code;
      ext_index = run_index_ago[out_age];
    end else if (load_trap != TRAP_NONE) begin
      ext_code  = load_trap;
      ext_index = load_late ? load_index_q[READ_LAG] : load_index;
    end else if (read_trap_i != TRAP_NONE) begin
      ext_code  = read_trap_i;
    end else if (store_trap != TRAP_NONE) begin
      ext_code  = store_trap;
      ext_index = store_index;
    end else if (write_trap_i != TRAP_NONE) begin
      ext_code  = write_trap_i;
      ext_index = store_index;
    end
  end

  bnn_sequencer #(
    .CLUSTERS(CLUSTERS), .WEIGHT_ROWS(WEIGHT_ROWS), .THRESHOLD_ROWS(THRESHOLD_ROWS), .CONTROL_WORDS(CONTROL_WORDS)
  ) u_sequencer (
    .clk_i, .rst_i, .code_we_i, .code_addr_i, .code_data_i, .start_i, .start_count_i(count_i),
    .start_windows_i(windows_i), .busy_o(sequencer_busy), .done_o,
    .load_start_o(load_start), .load_o(load), .load_window_o(load_window),
    .load_busy_i(load_busy), .load_done_i(load_done),
    .control_we_i(control_we), .control_addr_i(control_addr),
    .control_data_i(microword_t'(control_data)),
    .store_start_o(store_start), .store_o(store), .store_window_o(store_window),
    .store_busy_i(store_busy), .store_done_i(store_done), .reads_lanes_o(reads_lanes),
    .out_next_o(out_next), .out_next_split_o(out_next_split), .out_active_o(out_active),
    .out_begin_o(out_begin), .out_o(out), .out_split_o(out_split), .sample_o(sample),
    .issue_o(issue), .writer_late_i(writer_late), .capture_late_i(capture_late),
    .writer_left_i(writer_left), .value_left_i(value_left),
    .step_o(step), .array_range_i(array_range),
    .ext_trap_i(ext_code != TRAP_NONE), .ext_code_i(ext_code), .ext_index_i(ext_index),
    .trap_o, .trap_index_o, .run_index_o(run_index), .load_index_o(load_index),
    .store_index_o(store_index), .cycles_o, .idle_cycles_o, .writer_stalls_o, .value_stalls_o,
    .load_waits_o, .store_waits_o, .steps_o, .windows_done_o, .first_end_o, .last_end_o
  );

  bnn_load #(
    .CLUSTERS(CLUSTERS), .LANE_WORDS(LANE_WORDS), .WEIGHT_ROWS(WEIGHT_ROWS), .THRESHOLD_ROWS(THRESHOLD_ROWS), .CONTROL_WORDS(CONTROL_WORDS)
  ) u_load (
    .clk_i, .rst_i(rst_i || start_i), .abort_i, .start_i(load_start), .load_i(load),
    .window_i(load_window), .busy_o(load_busy), .done_o(load_done), .trap_o(load_trap),
    .trap_late_o(load_late), .starved_o, .base_i, .size_i, .input_stride_i, .output_stride_i,
    .read_start_o, .read_address_o, .read_beats_o, .beat_valid_i, .beat_i, .beat_pop_o,
    .control_we_o(control_we), .control_addr_o(control_addr), .control_data_o(control_data),
    .port_taken_i(port_taken), .lane_write_o(load_write), .weight_we_o(weight_we),
    .weight_row_o(weight_row), .weight_data_o(weight_data), .threshold_we_o(threshold_we),
    .threshold_row_o(threshold_row), .threshold_data_o(threshold_data)
  );

  // The lanes' port: LOAD yields to the output unit three cycles before.
  assign lane_write = out_valid ? out_write : load_write;
  assign lane_beat_o = port_taken;
  bnn_array #(
    .CLUSTERS(CLUSTERS), .LANE_WORDS(LANE_WORDS), .WEIGHT_ROWS(WEIGHT_ROWS), .THRESHOLD_ROWS(THRESHOLD_ROWS), .ACCUMULATOR_BITS(ACCUMULATOR_BITS)
  ) u_array (
    .clk_i, .step_i(step), .range_o(array_range), .sign_o(sign), .polarity_o(polarity),
    .capture_i(capture), .capture_read_i(capture_read), .read_cluster_i(read_cluster),
    .read_pixel_i(read_pixel), .value_o(value), .threshold_o(threshold),
    .value_polarity_o(value_polarity), .lane_write_i(lane_write), .weight_we_i(weight_we),
    .weight_row_i(weight_row), .weight_data_i(weight_data), .threshold_we_i(threshold_we),
    .threshold_row_i(threshold_row), .threshold_data_i(threshold_data),
    .store_read_i(lane_read), .store_pair_i(lane_pair), .store_data_o(lane_data)
  );

  bnn_output #(
    .CLUSTERS(CLUSTERS), .LANE_WORDS(LANE_WORDS), .OUTPUT_WORDS(OUTPUT_WORDS), .ACCUMULATOR_BITS(ACCUMULATOR_BITS)
  ) u_output (
    .clk_i, .rst_i, .restart_i(start_i), .next_i(out_next), .next_split_i(out_next_split),
    .active_i(out_active), .out_begin_i(out_begin), .out_i(out), .split_i(out_split),
    .sample_i(sample), .issue_i(issue), .writer_late_o(writer_late),
    .capture_late_o(capture_late), .writer_left_o(writer_left), .value_left_o(value_left),
    .sign_i(sign), .polarity_i(polarity), .capture_o(capture),
    .capture_read_o(capture_read), .read_cluster_o(read_cluster), .read_pixel_o(read_pixel),
    .value_i(value), .threshold_i(threshold), .value_polarity_i(value_polarity),
    .lane_write_valid_o(out_valid), .lane_write_o(out_write), .port_taken_o(port_taken),
    .buffer_addr_i(buffer_addr), .buffer_data_o(buffer_data), .trap_o(out_trap),
    .trap_code_o(out_code), .trap_age_o(out_age)
  );

  bnn_store #(
    .LANE_WORDS(LANE_WORDS), .OUTPUT_WORDS(OUTPUT_WORDS)
  ) u_store (
    .clk_i, .rst_i(rst_i || start_i), .abort_i, .start_i(store_start), .store_i(store),
    .window_i(store_window), .reads_lanes_i(reads_lanes), .busy_o(store_busy),
    .done_o(store_done), .trap_o(store_trap), .base_i, .size_i, .output_stride_i,
    .lane_read_o(lane_read), .lane_pair_o(lane_pair), .lane_data_i(lane_data),
    .buffer_addr_o(buffer_addr), .buffer_data_i(buffer_data), .write_start_o,
    .write_address_o, .write_beats_o, .push_o, .push_data_o, .room_i, .written_i
  );

  // verilator lint_off UNUSEDSIGNAL
  logic unused;
  assign unused = sequencer_busy;
  // verilator lint_on UNUSEDSIGNAL
endmodule
