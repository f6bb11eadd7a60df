// The LOAD engine: beats from memory to the lanes, the weight and threshold
// rows, the control store. Started in model cycle c it takes beat i not before
// c + 8 + i; on a memory that keeps up exactly then, as the golden model. Beats
// of pads before and behind the memory's take a cycle each and never wait for it.
module bnn_load
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
#(
  parameter int unsigned CLUSTERS = 4,
  parameter int unsigned LANE_WORDS = 1536,
  parameter int unsigned WEIGHT_ROWS = 512,
  parameter int unsigned THRESHOLD_ROWS = 256,
  parameter int unsigned CONTROL_WORDS = 64
) (
  input  logic                clk_i,
  input  logic                rst_i,      // also before each start of code
  input  logic                abort_i,    // level: a trap or a stop
  // The sequencer's side.
  input  logic                start_i,    // pulse in cycle c
  input  load_t               load_i,
  input  logic [31:0]         window_i,
  output logic                busy_o,
  output logic                done_o,     // pulse in the cycle of the last write or beat
  output trap_e               trap_o,     // pulse; TRAP_NONE otherwise
  output logic                trap_late_o,  // of the LOAD at work READ_LAG cycles ago
  output logic                starved_o,  // waits for the memory
  // Regions, in beats.
  input  logic [3:0][28:0]    base_i,
  input  logic [3:0][28:0]    size_i,
  input  logic [28:0]         input_stride_i,
  input  logic [28:0]         output_stride_i,
  // The read master.
  output logic                read_start_o,
  output logic [28:0]         read_address_o,
  output logic [15:0]         read_beats_o,
  input  logic                beat_valid_i,
  input  logic [63:0]         beat_i,
  output logic                beat_pop_o,
  // The control store, written at the end of the model's cycle.
  output logic                control_we_o,
  output logic [5:0]          control_addr_o,
  output logic [63:0]         control_data_o,
  // The array's memories, READ_LAG cycles later.
  input  logic                port_taken_i,  // model cycle: the output unit writes the lanes
  output lane_write_t         lane_write_o,
  output logic [CLUSTERS-1:0] weight_we_o,
  output logic [12:0]         weight_row_o,
  output logic [255:0]        weight_data_o,
  output logic [CLUSTERS-1:0] threshold_we_o,
  output logic [10:0]         threshold_row_o,
  output logic [255:0]        threshold_data_o
);
  typedef enum logic [2:0] {
    IDLE,
    PLACE,  // region check, c + 1 .. c + 3
    LEAD,   // lanes: beats of pads
    BEATS,  // of the memory
    TRAIL,  // lanes: beats of pads
    FLUSH,  // lanes: the flush beat
    LAST    // lanes: the last write
  } state_e;

  state_e state;
  // Reserved and unused fields have been checked by the sequencer.
  // verilator lint_off UNUSEDSIGNAL
  load_t load;
  // verilator lint_on UNUSEDSIGNAL
  logic [3:0] early;       // cycles until beats may be taken
  logic [15:0] left;       // the memory's beats not taken
  logic [5:0] pads;        // beats not taken of LEAD, then of TRAIL
  logic to_lanes, region_ok, region_outside, ready, take, lanes_take, lanes_written;
  logic padding, at_hand;  // a beat, of pads or the memory's, is there to be taken
  logic finished;

  assign to_lanes = load.dest == LOAD_DEST_LANES;
  assign busy_o   = state != IDLE;
  assign ready    = early == 4'd0;
  assign padding  = state == LEAD || state == TRAIL;
  assign at_hand  = ready && (padding || state == BEATS && beat_valid_i) && !abort_i;

  // ---- Place. (Whole rows, even addresses, the split: checked before the start.)
  bnn_region region (
    .clk_i, .rst_i, .start_i, .window_i, .region_i(load_i.region), .first_i(load_i.source),
    .beats_i(load_i.beats), .base_i, .size_i, .input_stride_i, .output_stride_i,
    .ok_o(region_ok), .outside_o(region_outside), .address_o(read_address_o));
  assign read_start_o = state == PLACE && region_ok && !abort_i;
  assign read_beats_o = load.beats;

  // ---- Rows: which beat of a row, which row of a chunk, which chunk.
  logic [1:0] part, parts;       // beat of the row, and the last one
  logic [15:0] row, chunk_left;  // row or control word; beats of the chunk after this one
  logic [16:0] next_row;
  logic [1:0] chunk;
  logic overflow, row_done, row_bad, word_bad;
  // verilator lint_off UNUSEDSIGNAL
  microword_t word;
  // verilator lint_on UNUSEDSIGNAL
  assign parts    = load.dest == LOAD_DEST_WEIGHTS || load.dest == LOAD_DEST_THRESHOLDS ?
                    2'(ISA_ROW_BEATS - 1) : 2'd0;
  assign take     = to_lanes ? lanes_take : at_hand;
  assign row_done = take && !to_lanes && part == parts;
  assign next_row = 17'(row) + 17'd1;
  always_comb begin
    unique case (load.dest)
      LOAD_DEST_WEIGHTS:    row_bad = overflow || 32'(row) >= WEIGHT_ROWS;
      LOAD_DEST_THRESHOLDS: row_bad = overflow || 32'(row) >= THRESHOLD_ROWS;
      default:              row_bad = overflow || 32'(row) >= CONTROL_WORDS;
    endcase
  end
  assign word = microword_t'(beat_i);
  assign word_bad = word.reserved0 != 0 || word.first > ACC_OP_BIAS || word.rest > ACC_OP_BIAS ||
                    word.sample > SAMPLE_VALUE;
  assign control_we_o   = row_done && load.dest == LOAD_DEST_CONTROL && !row_bad && !word_bad;
  assign control_addr_o = row[5:0];
  assign control_data_o = beat_i;

  // ---- The beats of three cycles ago, and those taken before them.
  typedef struct packed {
    logic take;
    logic [CLUSTERS-1:0] weight_we, threshold_we;
    logic [12:0] row;
  } stage_t;
  stage_t [READ_LAG:1] stage;
  stage_t now;
  logic [READ_LAG:1][63:0] data;
  logic [63:0] previous, second, third;
  logic [CLUSTERS-1:0] chunk_clusters;
  always_comb begin  // cluster c belongs to channel group c >> log2(gp)
    for (int c = 0; c < CLUSTERS; c++)
      chunk_clusters[c] = 32'(chunk) == ((32'(c) << load.split) >> $clog2(CLUSTERS));
    now = '{take: take, row: row[12:0], default: '0};
    if (row_done && !row_bad) begin
      if (load.dest == LOAD_DEST_WEIGHTS) now.weight_we = chunk_clusters;
      if (load.dest == LOAD_DEST_THRESHOLDS) now.threshold_we = chunk_clusters;
    end
  end
  always_ff @(posedge clk_i) begin
    stage <= rst_i ? '0 : {stage[READ_LAG-1:1], now};
    data  <= {data[READ_LAG-1:1], state == FLUSH ? 64'b0 : padding ? {8{load.pad}} : beat_i};
    if (stage[READ_LAG].take) begin
      previous <= data[READ_LAG];
      second   <= previous;
      third    <= second;
    end
  end
  assign weight_we_o      = stage[READ_LAG].weight_we;
  assign weight_row_o     = stage[READ_LAG].row;
  assign weight_data_o    = {data[READ_LAG], previous, second, third};
  assign threshold_we_o   = stage[READ_LAG].threshold_we;
  assign threshold_row_o  = stage[READ_LAG].row[10:0];
  assign threshold_data_o = weight_data_o;

  logic lanes_outside;
  bnn_load_lanes #(.LANE_WORDS(LANE_WORDS)) lanes (
    .clk_i, .rst_i, .start_i(read_start_o), .pair_i(load.address[15:1]), .phase_i(load.phase),
    .period_i(load.period), .keep_i(load.keep), .quad_i(load.format == FORMAT_QUAD),
    .beat_i(to_lanes && at_hand),
    .flush_i(state == FLUSH && !abort_i), .last_i(state == LAST && !abort_i),
    .port_taken_i, .take_o(lanes_take), .written_o(lanes_written),
    .current_i(data[READ_LAG]), .previous_i(previous), .lane_write_o, .outside_o(lanes_outside));

  // ---- The course of one LOAD.
  assign beat_pop_o = state == BEATS && take;
  assign starved_o  = state == BEATS && ready && !beat_valid_i;
  assign finished   = to_lanes ? lanes_written : take && left == 16'd1;
  assign done_o     = finished && trap_o == TRAP_NONE;
  always_ff @(posedge clk_i) begin
    if (early != 4'd0) early <= early - 4'd1;
    unique case (state)
      PLACE: if (read_start_o) state <= load.lead != 6'd0 ? LEAD : BEATS;
      LEAD:  if (take && pads == 6'd1) state <= BEATS;
      BEATS: if (take && left == 16'd1) state <= !to_lanes ? IDLE : load.trail != 6'd0 ? TRAIL : FLUSH;
      TRAIL: if (take && pads == 6'd1) state <= FLUSH;
      FLUSH: if (take) state <= LAST;
      LAST:  if (lanes_written) state <= IDLE;
      default: ;
    endcase
    if (state == BEATS) pads <= load.trail;
    if (take && padding) pads <= pads - 6'd1;
    if (take && state == BEATS) left <= left - 16'd1;
    if (take) begin
      part <= part == parts ? 2'd0 : part + 2'd1;
      chunk_left <= chunk_left - 16'd1;
      if (row_done) {overflow, row} <= {overflow || next_row[16], next_row[15:0]};
      if (chunk_left == 16'd0) begin
        chunk <= chunk + 2'd1;
        chunk_left <= 16'(load.beats >> load.split) - 16'd1;
        row <= load.address;
        overflow <= 1'b0;
      end
    end
    if (start_i) begin
      state <= PLACE;
      load  <= load_i;
      early <= 4'd7;
      left  <= load_i.beats;
      pads  <= load_i.lead;
      part  <= 2'd0;
      chunk <= 2'd0;
      row   <= load_i.address;
      overflow   <= 1'b0;
      chunk_left <= 16'(load_i.beats >> load_i.split) - 16'd1;
    end
    if (rst_i || abort_i) state <= IDLE;
    if (rst_i) early <= '0;
  end

  assign trap_late_o = lanes_outside;
  always_comb begin
    trap_o = TRAP_NONE;
    if (lanes_outside) trap_o = TRAP_ADDRESS_RANGE;
    else if (state == PLACE && region_outside) trap_o = TRAP_REGION_RANGE;
    else if (row_done && row_bad) trap_o = TRAP_ADDRESS_RANGE;
    else if (row_done && load.dest == LOAD_DEST_CONTROL && word_bad) trap_o = TRAP_ILLEGAL_FIELD;
  end
endmodule
