// The engine as a peripheral: AXI4-Lite registers in front, one AXI4 master of 64
// bits behind (a Zynq HP port), an interrupt.
module bnn_top
  import bnn_isa_pkg::*;
#(
  parameter int unsigned CLUSTERS = 4,
  parameter int unsigned LANE_WORDS = 1536,
  parameter int unsigned WEIGHT_ROWS = 512,
  parameter int unsigned THRESHOLD_ROWS = 256,
  parameter int unsigned CONTROL_WORDS = 64,
  parameter int unsigned OUTPUT_WORDS = 1024,
  parameter int unsigned ACCUMULATOR_BITS = 24,
  parameter logic [31:0] FINGERPRINT = 32'h0,  // isa::Target::fingerprint() of these sizes
  parameter int unsigned WATCHDOG = 65536      // cycles that a burst may go without progress
) (
  input  logic        clk_i,
  input  logic        rst_i,
  output logic        irq_o,

  input  logic        s_awvalid_i,
  output logic        s_awready_o,
  input  logic [8:0]  s_awaddr_i,
  input  logic        s_wvalid_i,
  output logic        s_wready_o,
  input  logic [31:0] s_wdata_i,
  output logic        s_bvalid_o,
  input  logic        s_bready_i,
  output logic [1:0]  s_bresp_o,
  input  logic        s_arvalid_i,
  output logic        s_arready_o,
  input  logic [8:0]  s_araddr_i,
  output logic        s_rvalid_o,
  input  logic        s_rready_i,
  output logic [31:0] s_rdata_o,
  output logic [1:0]  s_rresp_o,

  output logic        m_arvalid_o,
  input  logic        m_arready_i,
  output logic [31:0] m_araddr_o,
  output logic [3:0]  m_arlen_o,
  output logic [2:0]  m_arsize_o,
  output logic [1:0]  m_arburst_o,
  input  logic        m_rvalid_i,
  output logic        m_rready_o,
  input  logic [63:0] m_rdata_i,
  input  logic [1:0]  m_rresp_i,
  output logic        m_awvalid_o,
  input  logic        m_awready_i,
  output logic [31:0] m_awaddr_o,
  output logic [3:0]  m_awlen_o,
  output logic [2:0]  m_awsize_o,
  output logic [1:0]  m_awburst_o,
  output logic        m_wvalid_o,
  input  logic        m_wready_i,
  output logic [63:0] m_wdata_o,
  output logic [7:0]  m_wstrb_o,
  output logic        m_wlast_o,
  input  logic        m_bvalid_i,
  output logic        m_bready_o,
  input  logic [1:0]  m_bresp_i
);
  localparam int unsigned COUNTERS = 18;
  localparam int unsigned WRITE_DEPTH = 32;
  localparam int unsigned IN_FLIGHT = 6;  // STORE's reads that may be on their way to the FIFO

  // ---- Registers and the course of a start.
  logic start, reuse, stop, busy, finished, stopped, begins, abort, fetching;
  logic [31:0] code_begin, code_end, windows;
  logic [28:0] input_stride, output_stride;
  logic [3:0][28:0] base, size;
  trap_e trap, engine_trap, read_trap, write_trap;
  logic [9:0] trap_index, engine_index;
  logic [COUNTERS-1:0][31:0] counter;
  assign s_bresp_o = 2'b00;
  assign s_rresp_o = 2'b00;
  bnn_registers #(
    .FINGERPRINT(FINGERPRINT), .CLUSTERS(CLUSTERS), .LANE_WORDS(LANE_WORDS), .WEIGHT_ROWS(WEIGHT_ROWS), .THRESHOLD_ROWS(THRESHOLD_ROWS), .CONTROL_WORDS(CONTROL_WORDS),
    .OUTPUT_WORDS(OUTPUT_WORDS), .ACCUMULATOR_BITS(ACCUMULATOR_BITS), .COUNTERS(COUNTERS)
  ) u_registers (
    .clk_i, .rst_i, .awvalid_i(s_awvalid_i), .awready_o(s_awready_o), .awaddr_i(s_awaddr_i[8:2]),
    .wvalid_i(s_wvalid_i), .wready_o(s_wready_o), .wdata_i(s_wdata_i), .bvalid_o(s_bvalid_o),
    .bready_i(s_bready_i), .arvalid_i(s_arvalid_i), .arready_o(s_arready_o),
    .araddr_i(s_araddr_i[8:2]), .rvalid_o(s_rvalid_o), .rready_i(s_rready_i), .rdata_o(s_rdata_o),
    .start_o(start), .reuse_o(reuse), .stop_o(stop), .code_begin_o(code_begin),
    .code_end_o(code_end), .windows_o(windows), .input_stride_o(input_stride),
    .output_stride_o(output_stride), .base_o(base), .size_o(size), .busy_i(busy),
    .finished_i(finished), .stopped_i(stopped), .trap_i(trap), .trap_index_i(trap_index),
    .counter_i(counter), .irq_o
  );

  logic fetch_start, fetch_pop, load_start, load_pop, beat_valid, read_busy, read_error, read_stuck;
  logic [28:0] fetch_address, load_address;
  logic [16:0] fetch_beats;
  logic [15:0] load_beats;
  logic [63:0] beat;
  logic write_start, push, written, write_busy, write_error, write_stuck, moved;
  logic [28:0] write_address;
  logic [15:0] write_beats;
  logic [63:0] push_data;
  logic [$clog2(WRITE_DEPTH):0] waiting;
  logic engine_rst, code_we, engine_start, engine_done;
  logic [8:0] code_addr;
  logic [127:0] code_data;
  logic [9:0] count;
  bnn_control u_control (
    .clk_i, .rst_i, .start_i(start), .reuse_i(reuse), .stop_i(stop), .code_begin_i(code_begin),
    .code_end_i(code_end), .base_i(base[REGION_PROGRAM]), .size_i(size[REGION_PROGRAM]),
    .busy_o(busy), .finished_o(finished), .trap_o(trap), .trap_index_o(trap_index),
    .stopped_o(stopped), .begins_o(begins), .abort_o(abort), .fetching_o(fetching),
    .read_start_o(fetch_start), .read_address_o(fetch_address), .read_beats_o(fetch_beats),
    .beat_valid_i(beat_valid), .beat_i(beat), .beat_pop_o(fetch_pop),
    .bus_busy_i(read_busy || write_busy), .read_trap_i(read_trap),
    .stuck_i(read_stuck || write_stuck), .engine_rst_o(engine_rst), .code_we_o(code_we),
    .code_addr_o(code_addr), .code_data_o(code_data), .engine_start_o(engine_start),
    .count_o(count), .engine_done_i(engine_done), .engine_trap_i(engine_trap),
    .engine_index_i(engine_index)
  );

  // ---- The masters.
  assign read_trap  = read_error ? TRAP_BUS_ERROR : read_stuck ? TRAP_WATCHDOG : TRAP_NONE;
  assign write_trap = write_error ? TRAP_BUS_ERROR : write_stuck ? TRAP_WATCHDOG : TRAP_NONE;
  assign m_arsize_o  = 3'd3;
  assign m_awsize_o  = 3'd3;
  assign m_arburst_o = 2'b01;
  assign m_awburst_o = 2'b01;
  bnn_axi_read #(.WATCHDOG(WATCHDOG)) u_read (
    .clk_i, .rst_i, .start_i(fetch_start || load_start),
    .address_i(fetching ? fetch_address : load_address),
    .beats_i(fetching ? fetch_beats : {1'b0, load_beats}), .abort_i(abort), .busy_o(read_busy),
    .error_o(read_error), .stuck_o(read_stuck), .valid_o(beat_valid), .data_o(beat),
    .pop_i(fetch_pop || load_pop), .arvalid_o(m_arvalid_o), .arready_i(m_arready_i),
    .araddr_o(m_araddr_o), .arlen_o(m_arlen_o), .rvalid_i(m_rvalid_i), .rready_o(m_rready_o),
    .rdata_i(m_rdata_i), .rerror_i(m_rresp_i[1])
  );
  bnn_axi_write #(.WATCHDOG(WATCHDOG), .DEPTH(WRITE_DEPTH)) u_write (
    .clk_i, .rst_i, .start_i(write_start), .address_i(write_address), .beats_i(write_beats),
    .abort_i(abort), .busy_o(write_busy), .done_o(written), .error_o(write_error),
    .stuck_o(write_stuck), .moved_o(moved), .push_i(push), .data_i(push_data),
    .count_o(waiting), .awvalid_o(m_awvalid_o), .awready_i(m_awready_i), .awaddr_o(m_awaddr_o),
    .awlen_o(m_awlen_o), .wvalid_o(m_wvalid_o), .wready_i(m_wready_i), .wdata_o(m_wdata_o),
    .wstrb_o(m_wstrb_o), .wlast_o(m_wlast_o), .bvalid_i(m_bvalid_i), .bready_o(m_bready_o),
    .berror_i(m_bresp_i[1])
  );

  // ---- The engine.
  logic [63:0] cycles, first_end, last_end;
  logic [31:0] idle, writer_stalls, value_stalls, load_waits, store_waits, steps, windows_done;
  logic starved, lane_beat;
  bnn_engine #(
    .CLUSTERS(CLUSTERS), .LANE_WORDS(LANE_WORDS), .WEIGHT_ROWS(WEIGHT_ROWS), .THRESHOLD_ROWS(THRESHOLD_ROWS), .CONTROL_WORDS(CONTROL_WORDS), .OUTPUT_WORDS(OUTPUT_WORDS),
    .ACCUMULATOR_BITS(ACCUMULATOR_BITS)
  ) u_engine (
    .clk_i, .rst_i(engine_rst), .abort_i(abort), .code_we_i(code_we), .code_addr_i(code_addr),
    .code_data_i(code_data), .start_i(engine_start), .count_i(count), .windows_i(windows),
    .done_o(engine_done), .trap_o(engine_trap), .trap_index_o(engine_index), .base_i(base),
    .size_i(size), .input_stride_i(input_stride), .output_stride_i(output_stride),
    .read_start_o(load_start), .read_address_o(load_address), .read_beats_o(load_beats),
    .beat_valid_i(beat_valid && !fetching), .beat_i(beat), .beat_pop_o(load_pop),
    .read_trap_i(fetching ? TRAP_NONE : read_trap), .write_start_o(write_start),
    .write_address_o(write_address), .write_beats_o(write_beats), .push_o(push),
    .push_data_o(push_data), .room_i(32'(waiting) < WRITE_DEPTH - IN_FLIGHT),
    .written_i(written), .write_trap_i(write_trap), .cycles_o(cycles), .idle_cycles_o(idle),
    .writer_stalls_o(writer_stalls), .value_stalls_o(value_stalls), .load_waits_o(load_waits),
    .store_waits_o(store_waits), .steps_o(steps), .windows_done_o(windows_done), .first_end_o(first_end),
    .last_end_o(last_end), .starved_o(starved), .lane_beat_o(lane_beat)
  );

  // ---- Counters; those of single cycles count one cycle later.
  logic popped_q, moved_q, starved_q, waited_q, lane_beat_q, clear_counters;
  assign clear_counters = engine_start || begins;
  logic [31:0] busy_cycles, beats_read, beats_written, starvations, write_stalls, lane_beats;
  always_ff @(posedge clk_i) begin
    if (begins) busy_cycles <= '0;
    else if (busy) busy_cycles <= busy_cycles + 32'd1;
    {popped_q, moved_q, starved_q, waited_q, lane_beat_q} <=
        clear_counters ? '0 : {load_pop, moved, starved, m_wvalid_o && !m_wready_i, lane_beat};
    if (clear_counters) begin
      beats_read    <= '0;
      beats_written <= '0;
      starvations   <= '0;
      write_stalls  <= '0;
      lane_beats    <= '0;
    end else begin
      beats_read    <= beats_read + 32'(popped_q);
      beats_written <= beats_written + 32'(moved_q);
      starvations   <= starvations + 32'(starved_q);
      write_stalls  <= write_stalls + 32'(waited_q);
      lane_beats    <= lane_beats + 32'(lane_beat_q);
    end
  end
  assign counter = {  // the last one first: 0x100 is cycles
    last_end[63:32], last_end[31:0], first_end[31:0], windows_done, lane_beats, write_stalls,
    starvations, beats_written, beats_read, steps, store_waits, load_waits, value_stalls, writer_stalls, idle,
    busy_cycles, cycles[63:32], cycles[31:0]
  };
  // verilator lint_off UNUSEDSIGNAL
  logic unused;
  assign unused = ^{first_end[63:32], m_rresp_i[0], m_bresp_i[0], s_awaddr_i[1:0],
                     s_araddr_i[1:0]};
  // verilator lint_on UNUSEDSIGNAL
endmodule
