// The output unit: sign samples become pooled records in the lanes, value
// samples become words in the output buffer (docs/rtl.md, docs/engine.md 5, 6).
//
// The schedule works in the model's time t; everything that it finds out about a
// sample goes with it through eight cycles to meet the array's signs or capture.
//
// What it takes for granted: loop 4 turns inside loop 5, the tiles of a stream come
// in ascending order, and a RUN samples either SIGN or VALUE. Other orders give
// other bits and times than the model's, but no write outside of the memories;
// isa::verifyProgram refuses them.
// Streams of VALUE samples (SUM_BITS) do not stall on the writer: two may wait
// behind the one that is being sent, one more traps as UNSUPPORTED.
module bnn_output
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
  import bnn_output_pkg::*;
#(
    parameter int unsigned CLUSTERS = 4,
    parameter int unsigned LANE_WORDS = 1536,
    parameter int unsigned OUTPUT_WORDS = 1024,
    parameter int unsigned ACCUMULATOR_BITS = 24
) (
    input logic clk_i,
    input logic rst_i,
    input logic restart_i,  // start of code: drops what is under way, keeps the buffer

    // Sequencer, cycle t.
    input logic next_i,  // the word of the RUN to come is taken: its OUT is in out_i
    input logic [1:0] next_split_i,
    input logic active_i,  // a RUN began before this cycle and is not over
    input logic out_begin_i,
    input out_t out_i,
    input logic [1:0] split_i,
    input sample_t sample_i,
    input logic issue_i,
    output logic writer_late_o,
    output logic capture_late_o,
    output logic [23:0] value_left_o,   // cycles from now until the value path is free,
    output logic [23:0] writer_left_o,  // samples up to two cycles ago counted; the writer, three

    // Array: signs of step t in t + 8; captures.
    input logic [CLUSTERS-1:0][7:0][7:0] sign_i,  // [cluster][pixel][channel]
    input logic [CLUSTERS-1:0][7:0] polarity_i,
    output logic [1:0] capture_o,
    output logic capture_read_o,
    output logic [3:0] read_cluster_o,
    output logic [2:0] read_pixel_o,
    input logic [7:0][ACCUMULATOR_BITS-1:0] value_i,
    input logic [7:0][ISA_THRESHOLD_BITS-1:0] threshold_i,
    input logic [7:0] value_polarity_i,

    // Lanes.
    output logic lane_write_valid_o,
    output lane_write_t lane_write_o,
    output logic port_taken_o,  // three cycles before that write

    // STORE.
    input logic [15:0] buffer_addr_i,
    output logic [63:0] buffer_data_o,  // one cycle later

    output logic trap_o,
    output trap_e trap_code_o,
    output logic [1:0] trap_age_o  // cycles since the model's trap
);
  logic clear;
  assign clear = rst_i || restart_i;

  // Cycles t, t + 1.
  tile_t tile_t1;
  value_t value_t1;
  logic first_t1;
  bnn_output_schedule #(.CLUSTERS(CLUSTERS)) schedule (
      .clk_i, .rst_i, .restart_i, .next_i, .next_split_i, .active_i, .out_begin_i, .out_i, .split_i,
      .sample_i, .issue_i, .writer_late_o, .capture_late_o, .value_left_o, .writer_left_o,
      .tile_o(tile_t1), .value_o(value_t1), .first_plane_o(first_t1));

  // Until cycle t + 8.
  typedef struct packed {
    logic first, done, last_tile;
    logic [2:0] plane;
    logic [1:0] tile_index;
    logic pool_first;
    value_t value;
    tile_t tile;
  } along_t;
  along_t [WRITE_DELAY:2] along_q;
  along_t at1, at8;
  logic [WRITE_DELAY:1] sign_q, value_q;
  logic done_q, pool_first_q;
  logic [2:0] plane_q;
  assign at1 = '{first_t1, done_q, value_t1.last_tile, plane_q, value_t1.tile, pool_first_q, value_t1, tile_t1};
  always_ff @(posedge clk_i) begin
    if (out_begin_i) pool_first_q <= out_i.pool_first;
    done_q <= sample_i.done;
    plane_q <= sample_i.plane;
    along_q <= {along_q[WRITE_DELAY-1:2], at1};
    sign_q <= {sign_q[WRITE_DELAY-1:1], issue_i && sample_i.sign};
    value_q <= {value_q[WRITE_DELAY-1:1], issue_i && sample_i.value};
    if (clear) begin
      sign_q <= '0;
      value_q <= '0;
    end
  end
  assign at8 = along_q[WRITE_DELAY];

  // Cycle t + 8: planes and pooling.
  logic sign, done;
  logic [CLUSTERS-1:0][7:0][7:0] pooled;
  assign sign = sign_q[WRITE_DELAY];
  assign done = sign && at8.done;
  bnn_output_pool #(.CLUSTERS(CLUSTERS)) pool (
      .clk_i, .fresh_i(sign_q[WRITE_DELAY-1] && along_q[WRITE_DELAY-1].first),
      .valid_i(sign), .first_i(at8.first), .done_i(at8.done), .plane_i(at8.plane),
      .tile_i(at8.tile_index), .pool_first_i(at8.pool_first), .window_i(at8.value.window),
      .split_i(at8.tile.split), .sign_i, .polarity_i, .pooled_o(pooled));

  // The value path and its SUM_BITS streams, which wait here for the writer.
  logic stream, record_write, word_valid;
  tile_t stream_tile;
  logic [1:0] record_byte;
  logic [7:0] record_bits;
  logic [16:0] word_address;
  logic [63:0] word;
  bnn_output_value #(.CLUSTERS(CLUSTERS), .ACCUMULATOR_BITS(ACCUMULATOR_BITS)) values (
      .clk_i, .rst_i(clear), .valid_i(value_q[WRITE_DELAY]), .sample_i(at8.value), .tile_i(at8.tile),
      .capture_o, .capture_read_o, .read_cluster_o, .read_pixel_o, .value_i, .threshold_i,
      .value_polarity_i, .stream_o(stream), .stream_tile_o(stream_tile),
      .record_write_o(record_write), .record_byte_o(record_byte), .record_bits_o(record_bits),
      .word_valid_o(word_valid), .word_address_o(word_address), .word_o(word));

  // Four records: the one that is being written or read by the packer, and those between.
  tile_t waiting[4];
  logic [3:0][3:0][7:0] records_q;
  logic [1:0] put_q, get_q, reading_q;
  logic none, full, take, writer_free;
  assign none = put_q == get_q;
  assign full = put_q + 2'd1 == reading_q;
  assign take = writer_free && (!none || stream && !full);
  always_ff @(posedge clk_i) begin
    if (record_write) records_q[put_q][record_byte] <= record_bits;
    if (stream && !full) begin
      waiting[put_q] <= stream_tile;
      put_q <= put_q + 2'd1;
    end
    if (take) begin
      reading_q <= get_q;
      get_q <= get_q + 2'd1;
    end
    if (clear) begin
      put_q <= '0;
      get_q <= '0;
      reading_q <= '0;
    end
  end

  // Cycle t + 9: beats; t + 10: lanes; t + 11: the port.
  logic beat_valid, lane_trap;
  logic [15:0][7:0] bytes;
  logic [4:0] beat_end;
  logic [7:0] beat_index, beat_phase;
  logic [15:0] beat_pair;
  bnn_output_pack #(.CLUSTERS(CLUSTERS)) pack (
      .clk_i, .rst_i(clear), .write_i(done), .turn_i(at8.last_tile), .tile_index_i(at8.tile_index),
      .split_i(at8.tile.split), .stride_i(at8.tile.stride[2:0]), .first_i(at8.tile.first[2:0]),
      .pooled_i(pooled), .tile_valid_i(done && at8.last_tile || take),
      .tile_i(take ? (none ? stream_tile : waiting[get_q]) : at8.tile), .sums_i(records_q[reading_q]),
      .free_o(writer_free), .port_taken_o, .beat_valid_o(beat_valid),
      .bytes_o(bytes), .end_o(beat_end), .beat_index_o(beat_index), .pair_o(beat_pair),
      .phase_o(beat_phase));
  bnn_output_align #(.LANE_WORDS(LANE_WORDS)) align (
      .clk_i, .rst_i(clear), .valid_i(beat_valid), .bytes_i(bytes), .end_i(beat_end),
      .index_i(beat_index), .pair_i(beat_pair), .phase_i(beat_phase),
      .write_valid_o(lane_write_valid_o), .write_o(lane_write_o), .trap_o(lane_trap));

  // Output buffer. A word comes one cycle after the model's; written in the next,
  // it is there for what the model reads in its cycle and STORE three cycles later.
  localparam int unsigned AW = $clog2(OUTPUT_WORDS);
  logic [63:0] buffer[OUTPUT_WORDS];
  logic in_range, write_q;
  logic [AW-1:0] write_address_q;
  logic [63:0] write_data_q;
  assign in_range = word_address < 17'(OUTPUT_WORDS);
  always_ff @(posedge clk_i) begin
    write_q <= word_valid && in_range && !rst_i;
    write_address_q <= word_address[AW-1:0];
    write_data_q <= word;
    if (write_q) buffer[write_address_q] <= write_data_q;
    buffer_data_o <= buffer[buffer_addr_i[AW-1:0]];
  end

  assign trap_o = lane_trap || word_valid && !in_range || stream && full;
  assign trap_age_o = lane_trap ? 2'(READ_LAG) : {1'b0, word_valid && !in_range};
  assign trap_code_o = lane_trap || word_valid && !in_range ? TRAP_ADDRESS_RANGE : TRAP_UNSUPPORTED;

  if (AW < 16) begin : g_unused
    wire unused = &{1'b0, buffer_addr_i[15:AW]};
  end
endmodule
