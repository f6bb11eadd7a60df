// bnn_control: whatever the registers hold, the code that is read lies in region
// Program and ends before the last beat of the address space, no word leaves the
// instruction memory, and the engine starts only on words that were all filled in.
module fetch_properties
  import bnn_isa_pkg::*;
(
  input logic clk_i,
  input logic rst_i,
  input logic start_i,
  input logic reuse_i,
  input logic stop_i,
  input logic [31:0] code_begin_i,
  input logic [31:0] code_end_i,
  input logic [28:0] base_i,
  input logic [28:0] size_i,
  input logic beat_valid_i,
  input logic [63:0] beat_i,
  input logic bus_busy_i,
  input trap_e read_trap_i,
  input logic stuck_i,
  input logic engine_done_i,
  input trap_e engine_trap_i,
  input logic [9:0] engine_index_i
);
  localparam logic [9:0] Words = 10'(ISA_INSTRUCTION_MEMORY);
  localparam logic [2:0] Fetch = 3'd3;  // of bnn_control's states
  logic busy, finished, stopped, begins, abort, fetching, read_start, pop, engine_rst, we, starts;
  trap_e trap;
  logic [9:0] trap_index, count;
  logic [28:0] address;
  logic [16:0] beats;
  logic [8:0] code_address;
  logic [127:0] word;
  bnn_control dut (
    .clk_i, .rst_i, .start_i, .reuse_i, .stop_i, .code_begin_i, .code_end_i, .base_i, .size_i,
    .busy_o(busy), .finished_o(finished), .trap_o(trap), .trap_index_o(trap_index),
    .stopped_o(stopped), .begins_o(begins), .abort_o(abort), .fetching_o(fetching),
    .read_start_o(read_start), .read_address_o(address), .read_beats_o(beats), .beat_valid_i,
    .beat_i, .beat_pop_o(pop), .bus_busy_i, .read_trap_i, .stuck_i, .engine_rst_o(engine_rst),
    .code_we_o(we), .code_addr_o(code_address), .code_data_o(word), .engine_start_o(starts),
    .count_o(count), .engine_done_i, .engine_trap_i, .engine_index_i);

  logic started = 1'b0;
  logic [31:0] code_begin, code_end;
  logic [28:0] base, size;
  logic [9:0] filled;      // words 0 .. filled - 1 are of the code that was read last
  logic odd;               // half a word is here
  logic [63:0] half;
  logic [9:0] needed;
  assign needed = count > Words ? Words : count;
  always_ff @(posedge clk_i) begin
    started <= 1'b1;
    {code_begin, code_end, base, size} <= {code_begin_i, code_end_i, base_i, size_i};
    if (pop) begin
      odd <= !odd;
      if (!odd) half <= beat_i;
    end
    if (we) filled <= filled + 10'd1;
    if (read_start) begin
      filled <= 10'd0;
      odd    <= 1'b0;
    end
    if (rst_i) filled <= 10'd0;
  end

  always_comb begin
    assume (started || rst_i);
    if (started && !rst_i) begin
      if (read_start) begin  // by the registers as they were a cycle ago
        assert (code_begin <= code_end && code_end[31:3] <= size);
        assert (beats != 0 && 34'(code_begin) + {14'd0, beats, 3'd0} <= 34'(code_end));
        assert (30'(address) == 30'(base) + 30'(code_begin[31:3]));
        assert (30'(address) + 30'(beats) < 30'h2000_0000);
      end
      cover (read_start && 30'(address) + 30'(beats) == 30'h1fff_ffff);
    end
  end

  // From here on the registers keep their values while the engine is busy.
  always_comb begin
    if (started && !rst_i && busy)
      assume ({code_begin, code_end, base, size} == {code_begin_i, code_end_i, base_i, size_i});
    if (started && !rst_i) begin
      if (we) begin
        assert (10'(code_address) == filled && filled < needed);
        assert (odd && word == {beat_i, half});
      end
      if (starts) assert (filled == needed || needed == 10'd0);  // no code traps at once
      cover (starts && filled == 10'd2);
      cover (starts && dut.reuse && filled == 10'd1);
      // What induction needs.
      assert (dut.instructions == 29'((code_end - code_begin) >> 4));
      assert (dut.place == 29'(30'(base) + 30'(code_begin[31:3])));
      assert (dut.good == (code_begin <= code_end && code_begin[2:0] == 3'd0 && code_end[2:0] == 3'd0 &&
                           code_end[31:3] <= size && 30'(base) + 30'(code_begin[31:3]) < 30'h1fff_fc00));
      if (dut.state == Fetch) begin
        assert (dut.good && dut.half == odd && dut.fetched == filled && filled < needed);
        assert (dut.kept == 10'd0);
        if (odd) assert (dut.low == half);
      end
      if (dut.kept != 10'd0) assert (filled == (dut.kept > Words ? Words : dut.kept));
    end
  end
endmodule
