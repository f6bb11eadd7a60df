// When the writer and the value path are free, in the model's time: what each
// sample costs, and the stall conditions of the steps to come.
//
// The tiles of a stream come in ascending order, so the place of the first
// pooled pixel, the pixels that are left and the bytes that wait for a full beat
// follow from the tile before; `begins` starts over. So a tile's numbers are in
// registers before its sample comes: those of a RUN's first tile from the cycle on
// in which its word is taken, those of the next tile while this one is at work.
//
// What a sample costs is worked out in t and t + 1 and counted in t + 1 (values) and
// t + 2 (writer). The stall conditions alone have to be there in t + 1: they are
// bits, decided from the beats in question until the counter has them.
module bnn_output_schedule
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
  import bnn_output_pkg::*;
#(
    parameter int unsigned CLUSTERS = 4
) (
    input logic clk_i,
    input logic rst_i,
    input logic restart_i,

    // The RUN to come: its word is taken in this cycle, out_i is complete. It begins later.
    input logic next_i,
    input logic [1:0] next_split_i,
    input logic active_i,     // a RUN is at work; else any sample is of the one that begins
    input logic out_begin_i,
    input out_t out_i,
    input logic [1:0] split_i,
    input sample_t sample_i,
    input logic issue_i,

    output logic writer_late_o,         // writer_free > t + 8
    output logic capture_late_o,        // capture_free > t + 11
    output logic [23:0] value_left_o,   // cycles from now on, with the samples up to two
    output logic [23:0] writer_left_o,  // cycles ago (values) or three (writer)

    // The sample of the cycle before.
    output tile_t tile_o,
    output value_t value_o,
    output logic first_plane_o  // first SIGN sample of its tile
);
  localparam int unsigned PER_TILE = CLUSTERS * PIXELS;  // at most
  localparam int unsigned AW = $clog2(PER_TILE);         // bits of a pixel of a tile
  localparam logic [23:0] WRITE = 24'(WRITE_DELAY);
  localparam logic [23:0] VALUE = 24'(VALUE_DELAY);
  function automatic logic beyond(logic [23:0] left, logic [3:0] cycles);
    return |left[23:4] || left[3:0] > cycles;
  endfunction

  // Windows that end at pixel `a` before a tile's last one or at one of those `stride`,
  // 2 * stride, ... behind it; and the end of the next one, from the next tile's start.
  typedef struct packed {
    logic [AW:0] records;
    logic [3:0] ahead;
  } windows_t;
  function automatic windows_t [16*PER_TILE-1:0] windows();
    for (int s = 0; s < 16; ++s)
      for (int a = 0; a < int'(PER_TILE); ++a) begin
        windows[s*int'(PER_TILE)+a].records = (AW+1)'(a / (s == 0 ? 1 : s) + 1);
        windows[s*int'(PER_TILE)+a].ahead = 4'(s - 1 - a % (s == 0 ? 1 : s));
      end
  endfunction
  localparam windows_t [16*PER_TILE-1:0] WINDOWS = windows();

  // A tile's place in its stream.
  typedef struct packed {
    logic [3:0] first;     // pixel that ends the first window (may lie in a later tile)
    logic [7:0] pixels;    // inside the map
    logic [AW:0] records;  // windows that end in it
    logic [3:0] ahead;     // `first` of the next tile
    logic [15:0] left;     // pixels of the stream behind this tile
  } place_t;
  function automatic place_t place_of(logic [3:0] first, logic [15:0] left, logic [1:0] split,
                                      logic [3:0] stride);
    logic [7:0] mask;  // pixels of a tile - 1
    logic whole;
    /* verilator lint_off UNUSEDSIGNAL */  // a tile's pixels have fewer bits
    logic [8:0] span;  // pixels behind the first window's end; bit 8: it ends later
    /* verilator lint_on UNUSEDSIGNAL */
    windows_t found;
    mask = 8'(PER_TILE - 1) >> split;
    whole = |(left & ~{8'd0, mask});
    place_of.first = first;
    place_of.pixels = whole ? 8'(PER_TILE) >> split : left[7:0] & mask;
    span = {1'b0, place_of.pixels} + ~{5'd0, first};
    found = WINDOWS[{stride, span[AW-1:0]}];
    place_of.records = span[8] ? '0 : found.records;
    // Only a tile of eight pixels can end before a window of 15: less eight.
    place_of.ahead = span[8] ? {1'b0, first[2:0]} : found.ahead;
    place_of.left = whole ? left - {8'd0, 8'(PER_TILE) >> split} : '0;
  endfunction

  // Configuration: that of this very cycle when a RUN begins.
  out_t out_q;
  logic [1:0] split_q;
  /* verilator lint_off UNUSEDSIGNAL */  // opcode, pitches, reserved
  out_t out;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [1:0] split;
  assign out = active_i ? out_q : out_i;
  assign split = active_i ? split_q : split_i;
  always_ff @(posedge clk_i)
    if (out_begin_i) begin
      out_q <= out_i;
      split_q <= split_i;
    end

  // Tiles: the first of the RUN to come, of this one; its second one; the one to come.
  // A RUN that follows without words of its own has no pixels.
  /* verilator lint_off UNUSEDSIGNAL */  // the second tile comes from the first in the RUN's first cycle
  place_t to_come_q, first_q, second_q, next_q, first, place, after;
  /* verilator lint_on UNUSEDSIGNAL */
  assign first = active_i ? first_q : to_come_q;
  assign place = sample_i.begins ? first : next_q;
  assign after = active_i ? place_of(next_q.ahead, next_q.left, split_q, out_q.pool_stride)
                          : place_of(to_come_q.ahead, to_come_q.left, split_i, out_i.pool_stride);

  // Bytes of the stream that wait, with the tile's own; beats: none, one, more.
  logic sums, last, some_beats, more_beats;
  logic [2:0] carry_q;
  logic [7:0] records;
  logic [9:0] total;
  function automatic logic [9:0] total_of(logic [7:0] waiting, logic [7:0] count, logic [2:0] record);
    return 10'(waiting) + (record[0] ? 10'(count) : 10'd0) + (record[1] ? {1'b0, count, 1'b0} : 10'd0)
         + (record[2] ? {count, 2'b0} : 10'd0);
  endfunction
  assign records = 8'(place.records);
  assign total = sample_i.begins ? total_of(out.lead, 8'(first.records), out.record)
                                 : total_of({5'd0, carry_q}, 8'(next_q.records), out.record);
  assign sums = sample_i.value && out.mode == OUT_MODE_SUM_BITS;
  assign last = sample_i.last_x;
  assign some_beats = last || |total[9:3];
  assign more_beats = last ? |total || |out.trail : |total[9:4];

  logic completes, advance;  // a tile's records; the tile itself
  logic last_value;          // values outside the map do nothing, not even sums
  assign last_value = last && place.pixels != 0;
  assign completes = sample_i.last_tile && (sample_i.sign && sample_i.done && some_beats || sums && last_value);
  assign advance = issue_i && sample_i.last_tile && (sample_i.sign && sample_i.done || sample_i.value);
  always_ff @(posedge clk_i) begin
    if (next_i) to_come_q <= place_of(out_i.pool_window - 4'd1, out_i.pixels, next_split_i, out_i.pool_stride);
    if (out_begin_i) to_come_q <= '0;
    if (!active_i) begin
      first_q <= to_come_q;
      second_q <= after;
    end
    if (advance) begin
      next_q <= sample_i.begins && active_i ? second_q : after;
      carry_q <= total[2:0];
    end
  end

  // Cycles of the value path, less one: items, emissions of four words each, sums at the end.
  logic [10:0] items;  // less one
  logic [12:0] value_cycles;
  logic [7:0] emissions;
  always_comb begin
    unique case (out.mode)
      OUT_MODE_RAW: emissions = records;
      OUT_MODE_SPLIT: emissions = last_value ? 8'd2 : 8'd0;
      OUT_MODE_SUM_BITS: emissions = 8'd0;
      default: emissions = last_value ? 8'd1 : 8'd0;
    endcase
    items = 11'({emissions, 2'b00}) + 11'(place.pixels) - 11'd1;
    unique case (split)
      2'd0: value_cycles = 13'($signed(items));
      2'd1: value_cycles = 13'($signed({items, 1'b1}));
      default: value_cycles = {items, 2'b11};
    endcase
  end

  // Cycle t + 1.
  logic completed_q, value_q, sums_q, begins_q, last_q, last_tile_q, restart_q, first_plane_q;
  logic [1:0] tile_q, split_1_q;
  logic [3:0] first_1_q;
  logic [7:0] pixels_q, records_q;
  logic [9:0] total_q;
  logic [12:0] value_cycles_q;
  logic [15:0] stream_q;
  logic first_value_q, open_q;
  always_ff @(posedge clk_i) begin
    completed_q <= issue_i && completes;
    value_q <= issue_i && sample_i.value;
    sums_q <= sums;
    begins_q <= sample_i.begins;
    last_q <= last;
    last_tile_q <= sample_i.last_tile;
    restart_q <= out_begin_i || first_value_q;
    first_plane_q <= out_begin_i || !open_q;
    tile_q <= sample_i.tile;
    split_1_q <= split;
    first_1_q <= place.first;
    pixels_q <= place.pixels;
    records_q <= records;
    total_q <= sums ? {2'd0, out.lead} + 10'(out.record) : total;
    value_cycles_q <= value_cycles;
    stream_q <= sample_i.stream;
    // The first SIGN sample of a tile gives the polarity.
    if (out_begin_i) begin
      open_q <= 1'b0;
      first_value_q <= 1'b1;
    end
    if (issue_i && sample_i.sign) open_q <= !sample_i.done;
    if (issue_i && sample_i.value) first_value_q <= 1'b0;
    if (rst_i || restart_i) begin
      completed_q <= 1'b0;
      value_q <= 1'b0;
      open_q <= 1'b0;
    end
  end

  logic [9:0] total_last;
  logic [7:0] beats;
  logic [4:0] covered;  // channel tiles so far * channel groups
  assign total_last = total_q + {2'd0, out_q.trail};
  assign beats = last_q ? {1'b0, total_last[9:3]} + 8'(|total_last[2:0]) + 8'd1 : {1'b0, total_q[9:3]};
  assign covered = (5'(tile_q) + 5'd1) << split_1_q;
  assign first_plane_o = first_plane_q;
  always_comb begin
    tile_o = '0;
    tile_o.begins = begins_q || sums_q;
    tile_o.last = last_q;
    tile_o.sums = sums_q;
    tile_o.pair = 16'((17'(out_q.base) + 17'(stream_q)) >> 1);
    tile_o.beats = beats;
    tile_o.rest = total_last[2:0];
    tile_o.records = sums_q ? 8'd1 : records_q;
    tile_o.first = sums_q ? '0 : first_1_q;
    tile_o.covered = covered > 5'd4 ? 3'd4 : covered[2:0];
    tile_o.split = split_1_q;
    tile_o.stride = out_q.pool_stride;
    tile_o.record = out_q.record;
    tile_o.phase = out_q.phase;
    tile_o.lead = out_q.lead;
    tile_o.pad = out_q.pad;
    value_o = '0;
    value_o.begins = begins_q;
    value_o.last = last_q;
    value_o.last_tile = last_tile_q;
    value_o.tile = tile_q;
    value_o.pixels = pixels_q;
    value_o.first = first_1_q;
    value_o.window = out_q.pool_window;
    value_o.mode = out_q.mode;
    value_o.restart = restart_q;
    value_o.base = out_q.base;
  end

  // Cycle t + 2: the writer's beats.
  logic written_q, sums_2_q;
  logic [7:0] beats_q;  // less one
  always_ff @(posedge clk_i) begin
    written_q <= completed_q && !(rst_i || restart_i);
    sums_2_q <= sums_q;
    beats_q <= beats - 8'd1;
  end

  // Cycles from now to the time when value path, capture and writer are free: the value
  // path's and the capture's with the samples before the last cycle, the writer's with
  // those before that. One addition each: what is there or counts at least, and what a
  // sample adds, or -1, less the cycle that passes.
  logic [23:0] value_left_q, capture_left_q, writer_left_q, value_from, capture_from, writer_from;
  logic [23:0] value_add, writer_add, value_left, capture_left, writer_left;
  always_comb begin
    value_from = value_q && !beyond(value_left_q, 4'(VALUE_DELAY - 1)) ? VALUE - 24'd1 : value_left_q;
    value_add = value_q ? 24'($signed(value_cycles_q)) : {24{|value_left_q}};
    value_left = value_from + value_add;
    capture_from = value_q ? value_left_q : capture_left_q;
    capture_left = capture_from + {24{|capture_from}};
    writer_from = writer_left_q;
    // A SIGN sample stalled until nothing but its own beats counts.
    if (written_q && !sums_2_q) writer_from = WRITE - 24'd2;
    else if (written_q && value_left_q > writer_left_q) writer_from = value_left_q;
    writer_add = written_q ? {16'd0, beats_q} : {24{|writer_left_q}};
    writer_left = writer_from + writer_add;
  end
  assign value_left_o = value_left_q;
  assign writer_left_o = writer_left_q;

  // The stall conditions of the next cycle. SUM_BITS beats lie behind values that are not
  // there before t + 12.
  logic writer_late, capture_late;
  always_comb begin
    if (completed_q) writer_late = sums_q || beats > 8'd2;
    else if (written_q) writer_late = sums_2_q || beats_q > 8'd2;
    else writer_late = beyond(writer_left_q, 4'(WRITE_DELAY + 1));
    if (issue_i && completes) writer_late = sums || more_beats;
    capture_late = issue_i && sample_i.value ? beyond(value_left, 4'(VALUE_DELAY - 1))
                                             : beyond(capture_left, 4'(VALUE_DELAY - 1));
  end
  always_ff @(posedge clk_i) begin
    value_left_q <= value_left;
    capture_left_q <= capture_left;
    writer_left_q <= writer_left;
    writer_late_o <= writer_late;
    capture_late_o <= capture_late;
    if (rst_i || restart_i) begin
      value_left_q <= '0;
      capture_left_q <= '0;
      writer_left_q <= '0;
      writer_late_o <= 1'b0;
      capture_late_o <= 1'b0;
    end
  end

  wire unused = &{1'b0, sample_i.plane, sample_i.x};  // x follows from `begins`
endmodule
