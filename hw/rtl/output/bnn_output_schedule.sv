// When the writer and the value path are free, in the model's time: what each
// sample costs, and the stall conditions of the steps to come.
//
// The tiles of a stream come in ascending order, so the place of the first
// pooled pixel, the pixels that are left and the bytes that wait for a full beat
// follow from the tile before; `begins` starts over. The divisions by the pool
// stride are a constant table of (pixels, stride).
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

    input logic out_begin_i,
    input out_t out_i,
    input logic [1:0] split_i,
    input sample_t sample_i,
    input logic issue_i,

    output logic writer_late_o,    // writer_free > t + 8
    output logic capture_late_o,   // capture_free > t + 11
    output logic [23:0] writer_left_o,
    output logic [23:0] value_left_o,

    // The sample of this cycle.
    output tile_t tile_o,
    output value_t value_o,
    output logic first_plane_o  // first SIGN sample of its tile
);
  localparam int unsigned PER_TILE = CLUSTERS * PIXELS;  // at most
  localparam int unsigned AW = $clog2(PER_TILE);         // bits of a pixel of a tile
  localparam logic [23:0] WRITE = 24'(WRITE_DELAY);
  localparam logic [23:0] VALUE = 24'(VALUE_DELAY);

  // Quotient and remainder of a / s.
  typedef struct packed {
    logic [AW-1:0] quotient;
    logic [3:0] remainder;
  } division_t;
  function automatic division_t [16*PER_TILE-1:0] divisions();
    for (int s = 0; s < 16; ++s)
      for (int a = 0; a < int'(PER_TILE); ++a) begin
        divisions[s*int'(PER_TILE)+a].quotient = AW'(a / (s == 0 ? 1 : s));
        divisions[s*int'(PER_TILE)+a].remainder = 4'(a % (s == 0 ? 1 : s));
      end
  endfunction
  localparam division_t [16*PER_TILE-1:0] DIVISIONS = divisions();

  // Configuration: that of this very cycle when a RUN begins.
  out_t out_q;
  logic [1:0] split_q;
  /* verilator lint_off UNUSEDSIGNAL */  // opcode, pitches, reserved
  out_t out;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [1:0] split;
  assign out = out_begin_i ? out_i : out_q;
  assign split = out_begin_i ? split_i : split_q;
  always_ff @(posedge clk_i)
    if (out_begin_i) begin
      out_q <= out_i;
      split_q <= split_i;
    end

  // Pixels of this tile and the windows that end in it.
  logic [7:0] per_tile;
  logic [7:0] ahead_q, first, pixels, records;  // ahead: from the tile's start to the next window's end
  logic [15:0] left_q, left;                    // pixels of the stream from this tile on
  /* verilator lint_off UNUSEDSIGNAL */         // a tile's pixels have fewer bits
  logic signed [8:0] span;                      // pixels after the first window's end
  /* verilator lint_on UNUSEDSIGNAL */
  division_t division;
  assign per_tile = 8'(PER_TILE) >> split;
  assign first = sample_i.begins ? {4'd0, out.pool_window - 4'd1} : ahead_q;
  assign left = sample_i.begins ? out.pixels : left_q;
  assign pixels = left < {8'd0, per_tile} ? left[7:0] : per_tile;
  assign span = signed'({1'b0, pixels}) - 9'sd1 - signed'({1'b0, first});
  assign division = DIVISIONS[{out.pool_stride, span[AW-1:0]}];
  assign records = span[8] ? 8'd0 : 8'(division.quotient) + 8'd1;

  // Bytes of the stream that wait, and the beats that they make.
  logic sums, last;
  logic [2:0] carry_q;
  logic [7:0] waiting;
  logic [9:0] total, total_last, record_bytes;
  logic [7:0] beats;
  assign record_bytes = (out.record[0] ? 10'(records) : 10'd0) + (out.record[1] ? {1'b0, records, 1'b0} : 10'd0)
                      + (out.record[2] ? {records, 2'b0} : 10'd0);
  assign sums = sample_i.value && out.mode == OUT_MODE_SUM_BITS;
  assign last = sample_i.last_x;
  assign waiting = sample_i.begins || sums ? out.lead : {5'd0, carry_q};
  assign total = {2'd0, waiting} + (sums ? 10'(out.record) : record_bytes);
  assign total_last = total + {2'd0, out.trail};
  assign beats = last ? {1'b0, total_last[9:3]} + 8'(|total_last[2:0]) + 8'd1
                      : {1'b0, total[9:3]};

  logic completes, advance;  // a tile's records; the tile itself
  logic last_value;          // values outside the map do nothing, not even sums
  assign last_value = last && left != 0;
  assign completes = sample_i.last_tile && (sample_i.sign && sample_i.done || sums && last_value);
  assign advance = issue_i && sample_i.last_tile && (sample_i.sign && sample_i.done || sample_i.value);
  always_ff @(posedge clk_i)
    if (advance) begin
      ahead_q <= span[8] ? first - per_tile : {4'd0, out.pool_stride - 4'd1 - division.remainder};
      left_q <= left - {8'd0, pixels};
      carry_q <= total[2:0];
    end

  // Cycles of the value path: items, emissions of four words each, sums at the end.
  logic [11:0] items, value_cycles;
  logic [7:0] emissions;
  always_comb begin
    unique case (out.mode)
      OUT_MODE_RAW: emissions = records;
      OUT_MODE_SPLIT: emissions = last_value ? 8'd2 : 8'd0;
      OUT_MODE_SUM_BITS: emissions = 8'd0;
      default: emissions = last_value ? 8'd1 : 8'd0;
    endcase
  end
  assign items = 12'({emissions, 2'b00}) + 12'(pixels);
  assign value_cycles = items << split;

  // Cycles from t to the time when writer, value path and capture are free.
  logic [23:0] writer_q, value_q, capture_q, writer, value, capture, value_from;
  assign value_from = value_q > VALUE ? value_q : VALUE;
  always_comb begin
    writer = writer_q;
    value = value_q;
    capture = capture_q;
    if (issue_i && sample_i.value) begin
      value = value_from + 24'(value_cycles);
      capture = value_q;
    end
    if (issue_i && completes && beats != 0) begin
      if (!sample_i.value) writer = WRITE + 24'(beats);  // the step stalled until then
      else writer = (value > writer_q ? value : writer_q) + 24'(beats);
    end
  end
  assign writer_left_o = writer;
  assign value_left_o = value;
  assign writer_late_o = writer_q > WRITE;
  assign capture_late_o = capture_q > VALUE - 24'd1;
  always_ff @(posedge clk_i) begin
    writer_q <= writer == 0 ? '0 : writer - 24'd1;
    value_q <= value == 0 ? '0 : value - 24'd1;
    capture_q <= capture == 0 ? '0 : capture - 24'd1;
    if (rst_i || restart_i) begin
      writer_q <= '0;
      value_q <= '0;
      capture_q <= '0;
    end
  end

  // The first SIGN sample of a tile gives the polarity.
  logic open_q, first_value_q;
  assign first_plane_o = out_begin_i || !open_q;
  always_ff @(posedge clk_i) begin
    if (out_begin_i) begin
      open_q <= 1'b0;
      first_value_q <= 1'b1;
    end
    if (issue_i && sample_i.sign) open_q <= !sample_i.done;
    if (issue_i && sample_i.value) first_value_q <= 1'b0;
    if (rst_i || restart_i) open_q <= 1'b0;
  end

  logic [4:0] covered;  // channel tiles so far * channel groups
  assign covered = (5'(sample_i.tile) + 5'd1) << split;
  always_comb begin
    tile_o = '0;
    tile_o.begins = sample_i.begins || sums;
    tile_o.last = last;
    tile_o.sums = sums;
    tile_o.pair = 16'((17'(out.base) + 17'(sample_i.stream)) >> 1);
    tile_o.beats = beats;
    tile_o.rest = total_last[2:0];
    tile_o.records = sums ? 8'd1 : records;
    tile_o.first = sums ? '0 : first[6:0];
    tile_o.covered = covered > 5'd4 ? 3'd4 : covered[2:0];
    tile_o.split = split;
    tile_o.stride = out.pool_stride;
    tile_o.record = out.record;
    tile_o.phase = out.phase;
    tile_o.lead = out.lead;
    tile_o.pad = out.pad;
    value_o = '0;
    value_o.begins = sample_i.begins;
    value_o.last = last;
    value_o.last_tile = sample_i.last_tile;
    value_o.tile = sample_i.tile;
    value_o.pixels = pixels;
    value_o.first = first;
    value_o.window = out.pool_window;
    value_o.mode = out.mode;
    value_o.restart = out_begin_i || first_value_q;
    value_o.base = out.base;
  end

  wire unused = &{1'b0, sample_i.plane, sample_i.x};  // x follows from `begins`
endmodule
