// LOAD, STORE and their masters without the rest of the engine, for the bench.
module bnn_bus_tb
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
#(
  parameter int unsigned CLUSTERS = 4,
  parameter int unsigned LANE_WORDS = 1536,
  parameter int unsigned WEIGHT_ROWS = 512,
  parameter int unsigned THRESHOLD_ROWS = 256,
  parameter int unsigned CONTROL_WORDS = 64,
  parameter int unsigned OUTPUT_WORDS = 1024
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             abort_i,
  input  logic             load_start_i,
  input  logic [127:0]     load_i,
  input  logic [31:0]      load_window_i,
  output logic             load_busy_o,
  output logic             load_done_o,
  output logic [3:0]       load_trap_o,
  input  logic             store_start_i,
  input  logic [127:0]     store_i,
  input  logic [31:0]      store_window_i,
  input  logic             reads_lanes_i,
  output logic             store_busy_o,
  output logic             store_done_o,
  output logic [3:0]       store_trap_o,
  input  logic [3:0][28:0] base_i,
  input  logic [3:0][28:0] size_i,
  input  logic [28:0]      input_stride_i,
  input  logic [28:0]      output_stride_i,
  output logic             read_busy_o,
  output logic             write_busy_o,
  output logic [3:0]       errors_o,  // read error, read stuck, write error, write stuck
  output logic             control_we_o,
  output logic [5:0]       control_addr_o,
  output logic [63:0]      control_data_o,
  input  logic             port_taken_i,
  output logic [7:0]       lane_valid_o,
  output logic [7:0][15:0] lane_pair_o,
  output logic [7:0][63:0] lane_data_o,
  output logic [7:0][7:0]  lane_bytes_o,
  output logic [15:0]      weight_we_o,
  output logic [12:0]      weight_row_o,
  output logic [255:0]     weight_data_o,
  output logic [15:0]      threshold_we_o,
  output logic [10:0]      threshold_row_o,
  output logic [255:0]     threshold_data_o,
  output logic             store_read_o,
  output logic [14:0]      store_pair_o,
  input  logic [63:0]      store_data_i,
  output logic [15:0]      buffer_addr_o,
  input  logic [63:0]      buffer_data_i,
  output logic             arvalid_o,
  input  logic             arready_i,
  output logic [31:0]      araddr_o,
  output logic [3:0]       arlen_o,
  input  logic             rvalid_i,
  output logic             rready_o,
  input  logic [63:0]      rdata_i,
  input  logic             rerror_i,
  output logic             awvalid_o,
  input  logic             awready_i,
  output logic [31:0]      awaddr_o,
  output logic [3:0]       awlen_o,
  output logic             wvalid_o,
  input  logic             wready_i,
  output logic [63:0]      wdata_o,
  output logic [7:0]       wstrb_o,
  output logic             wlast_o,
  input  logic             bvalid_i,
  output logic             bready_o,
  input  logic             berror_i
);
  lane_write_t lane_write;
  logic read_start, beat_valid, beat_pop, write_start, push, written;
  logic [28:0] read_address, write_address;
  logic [15:0] read_beats, write_beats;
  logic [63:0] beat, push_data;
  logic [5:0] count;
  logic [CLUSTERS-1:0] weight_we, threshold_we;
  trap_e load_trap, store_trap;
  // verilator lint_off UNUSEDSIGNAL
  logic starved, moved, trap_late;
  // verilator lint_on UNUSEDSIGNAL

  assign weight_we_o = 16'(weight_we);
  assign threshold_we_o = 16'(threshold_we);
  assign lane_valid_o = lane_write.valid;
  assign lane_data_o  = lane_write.data;
  assign lane_bytes_o = lane_write.bytes;
  always_comb for (int p = 0; p < PIXELS; p++) lane_pair_o[p] = 16'(lane_write.pair[p]);
  assign load_trap_o  = load_trap;
  assign store_trap_o = store_trap;

  bnn_load #(.CLUSTERS, .LANE_WORDS, .WEIGHT_ROWS, .THRESHOLD_ROWS, .CONTROL_WORDS) load_unit (
    .clk_i, .rst_i, .abort_i, .start_i(load_start_i), .load_i(load_t'(load_i)),
    .window_i(load_window_i), .busy_o(load_busy_o), .done_o(load_done_o), .trap_o(load_trap), .trap_late_o(trap_late),
    .starved_o(starved), .base_i, .size_i, .input_stride_i, .output_stride_i,
    .read_start_o(read_start), .read_address_o(read_address), .read_beats_o(read_beats),
    .beat_valid_i(beat_valid), .beat_i(beat), .beat_pop_o(beat_pop),
    .control_we_o, .control_addr_o, .control_data_o, .port_taken_i, .lane_write_o(lane_write),
    .weight_we_o(weight_we), .weight_row_o, .weight_data_o, .threshold_we_o(threshold_we),
    .threshold_row_o, .threshold_data_o);
  bnn_axi_read #(.WATCHDOG(1024)) reader (
    .clk_i, .rst_i, .start_i(read_start), .address_i(read_address), .beats_i(17'(read_beats)),
    .abort_i, .busy_o(read_busy_o), .error_o(errors_o[0]), .stuck_o(errors_o[1]),
    .valid_o(beat_valid), .data_o(beat), .pop_i(beat_pop), .arvalid_o, .arready_i, .araddr_o,
    .arlen_o, .rvalid_i, .rready_o, .rdata_i, .rerror_i);
  bnn_store #(.LANE_WORDS, .OUTPUT_WORDS) store_unit (
    .clk_i, .rst_i, .abort_i, .start_i(store_start_i), .store_i(store_t'(store_i)),
    .window_i(store_window_i), .reads_lanes_i, .busy_o(store_busy_o), .done_o(store_done_o),
    .trap_o(store_trap), .base_i, .size_i, .output_stride_i, .lane_read_o(store_read_o),
    .lane_pair_o(store_pair_o), .lane_data_i(store_data_i), .buffer_addr_o, .buffer_data_i,
    .write_start_o(write_start), .write_address_o(write_address), .write_beats_o(write_beats),
    .push_o(push), .push_data_o(push_data), .room_i(count < 6'd24), .written_i(written));
  bnn_axi_write #(.WATCHDOG(1024)) writer (
    .clk_i, .rst_i, .start_i(write_start), .address_i(write_address), .beats_i(write_beats),
    .abort_i, .busy_o(write_busy_o), .done_o(written), .error_o(errors_o[2]),
    .stuck_o(errors_o[3]), .moved_o(moved), .push_i(push), .data_i(push_data), .count_o(count),
    .awvalid_o, .awready_i, .awaddr_o, .awlen_o, .wvalid_o, .wready_i, .wdata_o, .wstrb_o,
    .wlast_o, .bvalid_i, .bready_o, .berror_i);
endmodule
