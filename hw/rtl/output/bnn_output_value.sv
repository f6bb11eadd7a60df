// The value path: captured accumulators, one (pixel, channel group) a cycle,
// pooled by maximum, then to the output buffer (RAW), or summed per stream.
//
// An item that the model handles in cycle c is read in A = c - 3, pooled in A+1 ..
// A+3 (windows of 2, 4; 8; by doubling, then two of them, as in the bit pool),
// and counted in A+4; its words are written one cycle after the model's.
// So the queue's head is worked on from cycle t + 9 on.
module bnn_output_value
  import bnn_isa_pkg::*;
  import bnn_output_pkg::*;
#(
    parameter int unsigned CLUSTERS = 4,
    parameter int unsigned ACCUMULATOR_BITS = 24
) (
    input logic clk_i,
    input logic rst_i,

    input logic valid_i,  // a sample, in cycle t + 8
    input value_t sample_i,
    input tile_t tile_i,
    output logic [1:0] capture_o,  // capture k takes it

    output logic capture_read_o,
    output logic [3:0] read_cluster_o,
    output logic [2:0] read_pixel_o,
    input logic [7:0][ACCUMULATOR_BITS-1:0] value_i,  // one cycle later
    input logic [7:0][ISA_THRESHOLD_BITS-1:0] threshold_i,
    input logic [7:0] value_polarity_i,

    // SUM_BITS: a stream of one record, in the model's cycle in which its sums are complete.
    output logic stream_o,
    output tile_t stream_tile_o,
    // Bits of its record, byte by byte; the last of them in the cycle of stream_o.
    output logic record_write_o,
    output logic [1:0] record_byte_o,
    output logic [7:0] record_bits_o,

    output logic word_valid_o,
    output logic [16:0] word_address_o,  // saturates at 2^16
    output logic [63:0] word_o
);
  typedef logic signed [ACCUMULATOR_BITS-1:0] acc_t;

  // Two captures, two samples.
  typedef struct packed {
    value_t sample;
    tile_t tile;
    logic capture;
  } entry_t;
  logic capture_q, put_q, get_q;
  entry_t [1:0] queue_q;
  logic [1:0] full_q;
  logic ends, pop;
  assign capture_o = valid_i ? {capture_q, !capture_q} : 2'b00;
  /* verilator lint_off UNUSEDSIGNAL */  // the tile's fields for the writer alone
  entry_t head;
  /* verilator lint_on UNUSEDSIGNAL */
  assign head = queue_q[get_q];
  always_ff @(posedge clk_i) begin
    if (valid_i) capture_q <= !capture_q;
    if (valid_i && sample_i.pixels != 0) begin
      queue_q[put_q] <= '{sample_i, tile_i, capture_q};
      full_q[put_q] <= 1'b1;
      put_q <= !put_q;
    end
    if (pop) begin
      full_q[get_q] <= 1'b0;
      get_q <= !get_q;
    end
    if (rst_i) begin
      full_q <= '0;
      capture_q <= 1'b0;
      put_q <= 1'b0;
      get_q <= 1'b0;
    end
  end

  // What a cycle does: an item, a pause for four words of one, or a word of the sums.
  typedef struct packed {
    logic item, word;
    logic no_value;       // no item, or none that ends a window
    logic clear;          // the item starts its sums: first pixel of the stream, or RAW
    logic first;          // first pixel of the sample: its cluster holds T and polarity
    logic no_threshold;   // but with the item at which a SUM_BITS adds T
    logic final_item;     // SUM_BITS: the sum of this group is complete
    logic stream;         // and the record
    logic half;           // word: of the negative sums
    logic split;          // item: the negative ones have sums of their own
    logic [1:0] index;    // word: which
    logic [1:0] tile, group;
    logic [1:0] byte_index;
    logic byte_exists;
    logic [1:0] slot;     // pixel mod 4
    logic [2:0] turn;     // pixel mod `apart`
    logic [3:0] window;
    logic restart;
    logic [15:0] base;
  } command_t;

  typedef enum logic [1:0] {ITEM, WORDS, SUMS} state_e;
  state_e state_q;
  logic [7:0] pixel_q, aim_q;
  logic [1:0] group_q, index_q;
  logic half_q, started_q;
  logic [2:0] turn_q, turn_base_q;
  command_t a, b_q, c_q, d_q;
  /* verilator lint_off UNUSEDSIGNAL */  // what only pooling needs
  command_t e_q;
  /* verilator lint_on UNUSEDSIGNAL */
  logic working, last_group, last_pixel, emits, sums_follow, raw, split_mode, item_ends;
  logic [1:0] groups;  // - 1
  logic [2:0] apart, turn, turn_next;
  logic [7:0] aim;
  assign working = full_q[get_q];
  assign raw = head.sample.mode == OUT_MODE_RAW;
  assign split_mode = head.sample.mode == OUT_MODE_SPLIT;
  assign groups = 2'((32'd1 << head.tile.split) - 1);
  assign last_group = group_q == groups;
  assign last_pixel = pixel_q + 8'd1 == head.sample.pixels;
  assign aim = started_q ? aim_q : 8'(head.sample.first);
  assign emits = pixel_q == aim;
  assign sums_follow = head.sample.last && !raw && head.sample.mode != OUT_MODE_SUM_BITS;
  assign apart = head.sample.window[3] ? head.sample.window[2:0]
               : head.sample.window[2] ? {1'b0, head.sample.window[1:0]}
               : {2'b0, head.sample.window[1] && head.sample.window[0]};
  assign turn = started_q ? turn_q : head.sample.begins ? 3'd0 : turn_base_q;
  assign turn_next = turn + 3'd1 >= apart ? 3'd0 : turn + 3'd1;
  // The last cycle of an item with its words.
  assign item_ends = working && (state_q == ITEM && !(emits && raw) || state_q == WORDS && index_q == 2'd3);
  assign ends = item_ends && last_group && last_pixel && !sums_follow
             || working && state_q == SUMS && index_q == 2'd3 && half_q == split_mode && last_group;
  assign pop = ends;

  always_comb begin
    a = '0;
    a.item = working && state_q == ITEM;
    a.word = working && state_q != ITEM;
    a.no_value = !(a.item && emits);
    a.clear = a.item && (raw || head.sample.begins && pixel_q == 0);
    a.first = pixel_q == 0;
    a.no_threshold = !(a.item && head.sample.mode == OUT_MODE_SUM_BITS && head.sample.last && a.first);
    a.final_item = head.sample.mode == OUT_MODE_SUM_BITS && head.sample.last && last_pixel;
    a.stream = a.item && a.final_item && last_group && head.sample.last_tile;
    a.half = a.word && half_q;
    a.split = a.item && split_mode;
    a.index = index_q;
    a.tile = head.sample.tile;
    a.group = group_q;
    {a.byte_exists, a.byte_index} = 3'd0;
    a.byte_exists = ({2'b0, head.sample.tile} << head.tile.split) < 4'd4;
    a.byte_index = 2'({2'b0, head.sample.tile} << head.tile.split) | group_q;
    a.slot = pixel_q[1:0];
    a.turn = turn;
    a.window = head.sample.window;
    a.restart = working && head.sample.restart && !started_q;
    a.base = head.sample.base;
  end
  assign capture_read_o = head.capture;
  assign read_pixel_o = pixel_q[2:0];
  assign read_cluster_o = pixel_q[6:3] | 4'((32'(group_q) * 32'(CLUSTERS)) >> head.tile.split);

  always_ff @(posedge clk_i) begin
    if (working) begin
      started_q <= !ends;
      if (!started_q) aim_q <= aim;
      if (!started_q) turn_q <= turn;
      unique case (state_q)
        ITEM: if (emits && raw) state_q <= WORDS;
        WORDS: begin
          index_q <= index_q + 2'd1;
          if (index_q == 2'd3) state_q <= ITEM;
        end
        default: begin
          index_q <= index_q + 2'd1;
          if (index_q == 2'd3) begin
            half_q <= split_mode && !half_q;
            if (half_q == split_mode) group_q <= last_group ? 2'd0 : group_q + 2'd1;
          end
        end
      endcase
      if (item_ends) begin
        group_q <= last_group ? 2'd0 : group_q + 2'd1;
        if (last_group) begin
          pixel_q <= last_pixel ? 8'd0 : pixel_q + 8'd1;
          turn_q <= turn_next;
          if (emits) aim_q <= aim + 8'(head.tile.stride);
          if (last_pixel) begin
            if (head.sample.last_tile) turn_base_q <= turn_next;
            if (sums_follow) state_q <= SUMS;
          end
        end
      end
      if (ends) state_q <= ITEM;
    end
    if (rst_i) begin
      state_q <= ITEM;
      pixel_q <= '0;
      group_q <= '0;
      index_q <= '0;
      half_q <= 1'b0;
      started_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    b_q <= a;
    c_q <= b_q;
    d_q <= c_q;
    e_q <= d_q;
    if (rst_i) begin
      {b_q.item, b_q.word, b_q.stream, b_q.restart} <= '0;
      {c_q.item, c_q.word, c_q.stream, c_q.restart} <= '0;
      {d_q.item, d_q.word, d_q.stream, d_q.restart} <= '0;
      {e_q.item, e_q.word, e_q.stream, e_q.restart} <= '0;
    end
  end

  // Maximum over the window; 0 where no window ends. SUM_BITS adds T with the first pixel
  // of the last sample: all that it asks for is the sign of the sum with T.
  logic [7:0][ACCUMULATOR_BITS-1:0] four_q, eight, eight_q, before_all_q;
  logic [7:0][ISA_THRESHOLD_BITS-1:0] t_c_q, t_d_q;  // T where it is to be added, else 0
  logic [7:0][ISA_THRESHOLD_BITS:0] value_q;         // pooled, and T
  logic [7:0] polarity_c_q, polarity_d_q, polarity_e_q;
  logic b_pairs, b_fours, c_eights, d_apart;
  assign b_pairs = |b_q.window[3:1];
  assign b_fours = |b_q.window[3:2];
  assign c_eights = c_q.window[3];
  assign d_apart = d_q.window[3] ? |d_q.window[2:0] : d_q.window[2] ? |d_q.window[1:0] : &d_q.window[1:0];
  (* ram_style = "block" *) logic [7:0][ACCUMULATOR_BITS-1:0] wholes[128];
  always_ff @(posedge clk_i) begin
    before_all_q <= wholes[{c_q.tile, c_q.group, c_q.turn}];  // what an item before left there
    if (c_q.item) wholes[{c_q.tile, c_q.group, c_q.turn}] <= eight;
    t_c_q <= b_q.no_threshold ? '0 : threshold_i;
    polarity_c_q <= value_polarity_i;
    t_d_q <= t_c_q;
    polarity_d_q <= polarity_c_q;
    polarity_e_q <= polarity_d_q;
    eight_q <= eight;
  end
  for (genvar ch = 0; ch < 8; ++ch) begin : g_pool
    (* ram_style = "distributed" *) logic [ACCUMULATOR_BITS-1:0] ones[16];
    (* ram_style = "distributed" *) logic [ACCUMULATOR_BITS-1:0] twos[32];
    (* ram_style = "distributed" *) logic [ACCUMULATOR_BITS-1:0] fours[64];
    logic [ACCUMULATOR_BITS-1:0] one, two, four, before_two, before_four, before_eight, before_all, all;
    logic more_two, more_four, more_eight, more_all;
    assign before_two = ones[{b_q.tile, b_q.group}];
    assign before_four = twos[{b_q.tile, b_q.group, b_q.slot[0]}];
    assign before_eight = fours[{c_q.tile, c_q.group, c_q.slot}];
    assign before_all = before_all_q[ch];
    bnn_greater #(.WIDTH(ACCUMULATOR_BITS)) compare_two (
        .a_i(before_two), .b_i(one), .greater_o(more_two));
    bnn_greater #(.WIDTH(ACCUMULATOR_BITS)) compare_four (
        .a_i(before_four), .b_i(two), .greater_o(more_four));
    bnn_greater #(.WIDTH(ACCUMULATOR_BITS)) compare_eight (
        .a_i(before_eight), .b_i(four_q[ch]), .greater_o(more_eight));
    bnn_greater #(.WIDTH(ACCUMULATOR_BITS)) compare_all (
        .a_i(before_all), .b_i(eight_q[ch]), .greater_o(more_all));
    assign all = d_q.no_value ? '0 : d_apart && more_all ? before_all : eight_q[ch];
    assign one = value_i[ch];
    assign two = b_pairs && more_two ? before_two : one;
    assign four = b_fours && more_four ? before_four : two;
    assign eight[ch] = c_eights && more_eight ? before_eight : four_q[ch];
    always_ff @(posedge clk_i) begin
      if (b_q.item) begin
        ones[{b_q.tile, b_q.group}] <= one;
        twos[{b_q.tile, b_q.group, b_q.slot[0]}] <= two;
      end
      if (c_q.item) fours[{c_q.tile, c_q.group, c_q.slot}] <= four_q[ch];
      four_q[ch] <= four;
      // The LUTs of the sum select, too.
      value_q[ch] <= 25'($signed(t_d_q[ch])) + 25'(acc_t'(all));
    end
  end

  // Sums: of a SPLIT the negative ones beside the positive. An item changes one of the
  // two; one that the stream has not changed yet counts as 0. RAW takes a sum of one item,
  // whose words follow as those of a stream's sums do.
  (* ram_style = "distributed" *) logic [7:0][1:0] begun[16];
  (* ram_style = "distributed" *) logic [7:0] polarities[16];
  logic [3:0] at;
  logic [7:0] polarity, bits, side;
  logic [7:0][1:0] is_begun;
  logic [7:0][31:0] sums;
  assign at = {e_q.tile, e_q.group};
  assign is_begun = begun[at];
  assign polarity = e_q.first ? polarity_e_q : polarities[at];
  always_ff @(posedge clk_i) begin
    if (e_q.item)
      for (int ch = 0; ch < 8; ++ch)
        begun[at][ch] <= (e_q.clear ? 2'b00 : is_begun[ch]) | {side[ch], !side[ch]};
    if (e_q.item && e_q.first) polarities[at] <= polarity_e_q;
  end
  for (genvar ch = 0; ch < 8; ++ch) begin : g_sum
    (* ram_style = "distributed" *) logic [32:0] entries[32];
    logic [32:0] entry, sum;
    assign side[ch] = e_q.half || e_q.split && value_q[ch][ISA_THRESHOLD_BITS];
    assign entry = entries[{side[ch], at}];
    assign sum = 33'($signed(value_q[ch])) + (!e_q.clear && is_begun[ch][side[ch]] ? entry : '0);
    assign sums[ch] = sum[31:0];
    assign bits[ch] = !sum[32] ^ polarity[ch];
    always_ff @(posedge clk_i) if (e_q.item) entries[{side[ch], at}] <= sum;
  end
  assign record_write_o = e_q.item && e_q.final_item && e_q.byte_exists;
  assign record_byte_o = e_q.byte_index;
  assign record_bits_o = bits;
  // The tile of the writer goes along.
  tile_t tile_b_q, tile_c_q, tile_d_q, tile_e_q;
  always_ff @(posedge clk_i) begin
    tile_b_q <= head.tile;
    tile_c_q <= tile_b_q;
    tile_d_q <= tile_c_q;
    tile_e_q <= tile_d_q;
  end
  assign stream_o = e_q.stream;
  assign stream_tile_o = tile_e_q;

  // Words: of the sums as they are, nothing is added to them.
  logic [16:0] address_q;
  always_ff @(posedge clk_i)
    if (e_q.restart) address_q <= {1'b0, e_q.base};
    else if (e_q.word) address_q <= address_q[16] ? address_q : address_q + 17'd1;
  assign word_valid_o = e_q.word;
  assign word_address_o = address_q;
  assign word_o = {sums[{e_q.index, 1'b1}], sums[{e_q.index, 1'b0}]};
endmodule
