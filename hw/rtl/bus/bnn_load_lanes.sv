// The lanes' half of LOAD: each lane cuts its 8-byte words out of the beats at
// its own phase and holds one complete word back; a beat that completes a word
// for a lane that holds one takes a write cycle of all lanes first.
// Decisions fall in the model's cycle; data and the write follow READ_LAG later.
module bnn_load_lanes
  import bnn_engine_pkg::*;
#(
  parameter int unsigned LANE_WORDS = 1536
) (
  input  logic        clk_i,
  input  logic        rst_i,
  // A cycle in c + 3 .. c + 7: fields of the LOAD started in c. (The last write
  // of the LOAD before can be as late as c + 2.)
  input  logic        start_i,
  input  logic [14:0] pair_i,    // address / 2
  input  logic [7:0]  phase_i,
  input  logic [7:0]  period_i,
  input  logic [7:0]  keep_i,
  input  logic        quad_i,
  // From c + 8 on.
  input  logic        beat_i,    // a beat is at hand
  input  logic        flush_i,   // the flush beat after the last one is at hand
  input  logic        last_i,    // only the last write is left
  input  logic        port_taken_i,
  output logic        take_o,    // the beat at hand is taken in this cycle
  output logic        written_o, // the last write falls in this cycle
  // The beats of three cycles ago, and the one taken before.
  input  logic [63:0] current_i,
  input  logic [63:0] previous_i,
  // READ_LAG cycles after the decision.
  output lane_write_t lane_write_o,
  output logic        outside_o  // pulse: a word past the end of the lanes
);
  localparam logic [15:0] PAIRS = 16'(LANE_WORDS / 2);
  typedef logic [PIXELS-1:0] lanes_t;
  // What was decided: kept for READ_LAG cycles.
  typedef struct packed {
    lanes_t completes;  // take the word
    lanes_t group;      // the word is the first of its period
    lanes_t full;       // write the word held
    logic flush;        // the taken beat is the flush beat
  } decision_t;

  logic [7:0] period_last, keep_last;  // - 1
  logic periodic, keeps, quad, must, write;
  lanes_t full, completes, group, aligned;  // aligned: the lane's shift is a multiple of 8 bytes
  logic [PIXELS-1:0][8:0] place;            // word of the period; bit 8: the lane's words have not begun
  lanes_t kept;                             // place < keep, or no period
  logic [PIXELS-1:0][2:0] shift;            // bytes
  decision_t [READ_LAG:1] decision;
  decision_t now;

  always_comb begin
    for (int p = 0; p < PIXELS; p++) begin
      aligned[p]   = shift[p] == 3'd0;
      group[p]     = place[p] == 9'd0;
      completes[p] = !place[p][8] && kept[p] && (beat_i || (flush_i && !aligned[p]));
    end
  end
  assign must      = |(completes & full);
  assign take_o    = (beat_i || flush_i) && !(must && port_taken_i);
  assign written_o = last_i && !port_taken_i;
  assign write     = written_o || (take_o && must);
  assign now       = '{completes: take_o ? completes : '0, group: group,
                       full: write ? full : '0, flush: flush_i};

  // The model's word j of a lane goes to pair + j (with a period: behind the
  // words stored before it; `keep` larger than the period leaves room between).
  // A lane's pair starts at 0: its first step is the LOAD's own pair.
  decision_t due;
  logic [PIXELS-1:0][63:0] word, held;
  logic [PIXELS-1:0][15:0] pair;
  logic [14:0] first_pair;
  logic [8:0] group_step;           // from the last word of a period to the next one
  lanes_t fresh;                    // no word yet
  logic [PIXELS-1:0][11:0] minus;   // -p * phase
  lanes_t past, partial;  // partial: the stream ended inside the word
  assign due = decision[READ_LAG];

  bnn_align align (.current_i, .previous_i, .quad_i(quad), .shift_i(shift), .word_o(word));

  always_comb begin
    minus = '0;
    minus[1] = 12'd0 - 12'(phase_i);
    minus[2] = {minus[1][10:0], 1'b0};
    minus[3] = minus[1] + minus[2];
    minus[4] = {minus[1][9:0], 2'b0};
    minus[5] = minus[1] + minus[4];
    minus[6] = {minus[3][10:0], 1'b0};
    minus[7] = minus[3] + minus[4];
  end

  always_ff @(posedge clk_i) begin
    decision <= {decision[READ_LAG-1:1], now};
    full <= write ? now.completes : full | now.completes;
    for (int p = 0; p < PIXELS; p++) begin
      if (take_o) begin
        place[p] <= place[p] + 9'd1;
        if (periodic && place[p] == {1'b0, keep_last}) kept[p] <= 1'b0;
        if (!place[p][8] && (!periodic || place[p][7:0] == period_last)) begin
          place[p] <= 9'd0;
          kept[p] <= keeps;
        end
      end
      if (due.completes[p]) begin
        held[p] <= word[p];
        partial[p] <= due.flush;
        fresh[p] <= 1'b0;
        pair[p] <= pair[p] + (fresh[p] ? 16'(first_pair) : due.group[p] ? 16'(group_step) : 16'd1);
      end
    end
    if (start_i) begin
      periodic    <= period_i != 8'd0;
      period_last <= period_i - 8'd1;
      keeps       <= keep_i != 8'd0 || period_i == 8'd0;
      keep_last   <= keep_i - 8'd1;
      group_step  <= period_i != 8'd0 && keep_i > period_i ? 9'(keep_i - period_i) + 9'd1 : 9'd1;
      first_pair  <= pair_i;
      quad   <= quad_i;
      full   <= '0;
      fresh  <= '1;
      pair   <= '0;
      kept   <= {PIXELS{keep_i != 8'd0 || period_i == 8'd0}};
      for (int p = 0; p < PIXELS; p++) begin
        place[p] <= minus[p][11:3];  // rounded down: the lane's first word is complete then
        shift[p] <= 3'd0 - minus[p][2:0];
      end
    end
    if (rst_i) begin
      decision <= '0;
      full <= '0;
    end
  end

  always_comb begin
    for (int p = 0; p < PIXELS; p++) begin
      past[p] = pair[p] >= PAIRS;
      lane_write_o.valid[p] = due.full[p] && !past[p];
      lane_write_o.pair[p]  = pair[p][14:0];
      lane_write_o.bytes[p] = 8'hff;
      if (partial[p] && !quad && !aligned[p]) lane_write_o.bytes[p] = 8'hff >> shift[p];
      lane_write_o.data[p] = held[p];
    end
  end
  assign outside_o = |(due.full & past);
endmodule
