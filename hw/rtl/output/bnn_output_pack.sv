// Pooled bytes become the 8-byte beats of their stream, one a cycle.
//
// Pooled pixels lie `stride` = odd * 2^k apart, so the pixels of residue `first`
// modulo 2^k are written close together into slots, which leaves an odd stride:
// 8 records in a row lie in 8 different lanes (slot mod 8), 4 in 4 different banks
// (slot mod 4). Each byte of a record has its own registers, in two generations;
// the generation changes with every completed tile. A cycle reads the lane or bank
// of each byte once and puts what it reads in the order of the stream: up to 8
// records of one byte, 4 of two, 3 of three, 2 of four. A slot past the tile's
// end is one of the next tile: a tile's last records may be read together with the
// next one's first. What does not fill a beat waits in `hold` (less than 8 bytes).
//
// `tile_i` comes in the model's cycle of its first beat. One cycle later the beat's
// fresh bytes are read and ordered, two cycles later they meet what is held.
module bnn_output_pack
  import bnn_engine_pkg::*;
  import bnn_output_pkg::*;
#(
    parameter int unsigned CLUSTERS = 4
) (
    input logic clk_i,
    input logic rst_i,

    input logic write_i,  // pooled bytes of channel tile `tile_index_i`
    input logic turn_i,   // they were the tile's last: the next go to the other generation
    input logic [1:0] tile_index_i,
    input logic [1:0] split_i,
    input logic [2:0] stride_i, // low bits
    input logic [2:0] first_i,  // residue of the pooled pixels
    input logic [CLUSTERS-1:0][7:0][7:0] pooled_i,

    input logic tile_valid_i,
    input tile_t tile_i,
    input logic [3:0][7:0] sums_i,  // the record of a tile of `sums`, valid from the next cycle on
    output logic free_o,            // a tile may come: no beat is due after this cycle's
    output logic port_taken_o,      // in the model's cycle of each beat

    // A beat for the lanes, two cycles after the model's: bytes 8k-8 .. 8k+7 of the stream, the first `end` of them exist.
    output logic beat_valid_o,
    output logic [15:0][7:0] bytes_o,
    output logic [4:0] end_o,
    output logic [7:0] beat_index_o,  // k, or 255 from there on
    output logic [15:0] pair_o,       // word pair 8k..8k+7 of lane 0
    output logic [7:0] phase_o
);
  localparam int unsigned SLOTS = CLUSTERS * PIXELS;
  localparam int unsigned SW = $clog2(SLOTS);
  localparam int unsigned UNITS = 8;

  function automatic logic [1:0] twos(logic [2:0] stride);  // k
    return stride[0] ? 2'd0 : stride[1] ? 2'd1 : stride[2] ? 2'd2 : 2'd3;
  endfunction

  // Pixels to slots: pixel n * 2^k + residue to slot n. A channel group has
  // SLOTS >> (split + k) of them; they follow each other.
  logic [1:0] write_twos;
  logic [SLOTS-1:0][7:0] pixel, by_two, by_four, slot;
  assign write_twos = twos(stride_i);
  assign pixel = pooled_i;
  always_comb begin
    by_two = pixel;
    for (int unsigned n = 0; n < SLOTS / 2; ++n)
      if (write_twos != 2'd0) by_two[n] = first_i[0] ? pixel[2*n+1] : pixel[2*n];
    by_four = by_two;
    for (int unsigned n = 0; n < SLOTS / 4; ++n)
      if (write_twos[1]) by_four[n] = first_i[1] ? by_two[2*n+1] : by_two[2*n];
    slot = by_four;
    for (int unsigned n = 0; n < SLOTS / 8; ++n)
      if (write_twos == 2'd3) slot[n] = first_i[2] ? by_four[2*n+1] : by_four[2*n];
  end

  // Byte b of a record comes from channel tile b >> split; until that one is there
  // it is 0.
  logic write_generation_q;
  logic [3:0][1:0][SLOTS-1:0][7:0] bytes_q;  // [byte][generation][slot]
  logic [3:0] write_byte, clear_byte;
  always_comb
    for (int unsigned b = 0; b < 4; ++b) begin
      write_byte[b] = write_i && tile_index_i == 2'(b >> split_i);
      clear_byte[b] = write_i && tile_index_i == 0 && (b >> split_i) != 0;
    end
  for (genvar b = 0; b < 4; ++b) begin : g_bytes
    for (genvar g = 0; g < 2; ++g) begin : g_generation
      always_ff @(posedge clk_i)
        if (clear_byte[b] && write_generation_q == 1'(g)) bytes_q[b][g] <= '0;
        else if (write_byte[b] && write_generation_q == 1'(g)) bytes_q[b][g] <= slot;
    end
  end

  // State of the present tile and stream.
  /* verilator lint_off UNUSEDSIGNAL */  // what only the tile's arrival needs
  tile_t now_q;
  /* verilator lint_on UNUSEDSIGNAL */
  logic fetch_q;              // the tile came in the cycle before
  logic [7:0] left_q;         // beats to pack
  logic [4:0] lead_q;         // beats of lead pad among them
  logic [7:0] records_q;      // records to read
  logic [SW-1:0] position_q;  // slot of the next one
  logic [SW-1:0] mask_q;      // slots of a channel group - 1
  logic [3:1] odd_q;          // the stride in slots, less its lowest bit
  logic [3:1][SW-1:0] base_q; // first slot of the channel group of byte b
  logic generation_q;
  logic [2:0] held_q;
  logic [7:0] index_q;
  logic [15:0] pair_q;

  assign port_taken_o = left_q > 8'd1 || tile_valid_i && tile_i.beats != 0;
  assign free_o = left_q <= 8'd1;

  // Which records this cycle reads.
  logic active, emit, lead, absorb;  // absorb: the tile's only beats are lead pad
  logic none, fewer;                 // no record is read; fewer than wanted
  logic [3:0] wanted, taken, wanted_bytes, got_bytes, step_bytes;
  logic [6:0] step;  // slots of the records wanted
  assign emit = left_q != 0;
  assign active = fetch_q || emit;
  assign lead = lead_q != 0;
  assign absorb = lead && left_q == 8'd1;
  function automatic logic [63:0][3:0] products();  // [record][fewer than 8 records]
    for (int unsigned k = 0; k < 64; ++k) products[k] = 4'((k / 8) * (k % 8));
  endfunction
  localparam logic [63:0][3:0] PRODUCTS = products();
  assign none = lead && !absorb || !active;
  always_comb begin
    unique case (now_q.record)
      3'd1: {wanted, wanted_bytes, step} = {4'd8, 4'd8, odd_q, 4'b1000};
      3'd2: {wanted, wanted_bytes, step} = {4'd4, 4'd8, 1'b0, odd_q, 3'b100};
      3'd3: {wanted, wanted_bytes, step} = held_q == 3'd7 ? {4'd2, 4'd6, 2'b0, odd_q, 2'b10}
                                         : {4'd3, 4'd9, 7'd3 * {3'b0, odd_q, 1'b1}};
      default: {wanted, wanted_bytes, step} = {4'd2, 4'd8, 2'b0, odd_q, 2'b10};
    endcase
    fewer = records_q < 8'(wanted);
    taken = none ? 4'd0 : fewer ? {1'b0, records_q[2:0]} : wanted;
    got_bytes = none ? 4'd0 : fewer ? PRODUCTS[{now_q.record, records_q[2:0]}] : wanted_bytes;
    // The last tile's bytes are followed by pad, as if all were there.
    step_bytes = absorb ? got_bytes : lead ? 4'd8 : now_q.last ? wanted_bytes : got_bytes;
  end

  // Unit u reads the slot position + u * odd stride. Past the tile's end it is one
  // of the other generation; groups of less than 4 slots are never read past it.
  typedef struct packed {
    logic generation;
    logic [SW-1:0] slot;
  } cell_t;
  cell_t [UNITS-1:0] unit;
  function automatic logic [8*UNITS-1:0][6:0] multiples();  // [odd][u]
    for (int unsigned k = 0; k < 8; ++k)
      for (int unsigned u = 0; u < UNITS; ++u) multiples[k*UNITS+u] = 7'(u * (2 * k + 1));
  endfunction
  localparam logic [8*UNITS-1:0][6:0] MULTIPLES = multiples();
  always_comb
    for (int unsigned u = 0; u < UNITS; ++u) begin
      automatic logic [7:0] sum = 8'(position_q) + 8'(MULTIPLES[{odd_q, 3'(u)}]);
      unit[u].slot = sum[SW-1:0] & mask_q;
      unit[u].generation = generation_q ^ (mask_q[1] && |(sum & ~8'(mask_q)));
    end

  // Lanes of byte 0, banks of the others. Lane i is read by unit (i - position) *
  // stride modulo 8: an odd number is its own inverse.
  logic [7:0][7:0] lane;
  logic [3:1][3:0][7:0] bank;
  for (genvar i = 0; i < 8; ++i) begin : g_lane
    localparam int unsigned ROWS = 2 * CLUSTERS;
    logic [2:0] reader;
    cell_t at;
    logic [ROWS-1:0][7:0] rows;
    assign reader = 3'((3'(i) - 3'(position_q)) * {odd_q[2:1], 1'b1});
    bnn_mux #(.INPUTS(8), .WIDTH(SW + 1)) unit_of (
        .data_i(unit), .select_i(reader), .data_o(at));
    for (genvar r = 0; r < int'(ROWS); ++r) begin : g_row
      assign rows[r] = bytes_q[0][r/CLUSTERS][r%CLUSTERS*8+i];
    end
    bnn_mux #(.INPUTS(ROWS), .WIDTH(8)) row (
        .data_i(rows), .select_i(at[SW:3]), .data_o(lane[i]));
    wire unused = &{1'b0, at[2:0]};
  end
  for (genvar i = 0; i < 4; ++i) begin : g_bank
    localparam int unsigned ROWS = 4 * CLUSTERS;
    logic [1:0] reader;
    cell_t at;
    assign reader = 2'((2'(i) - 2'(position_q)) * {odd_q[1], 1'b1});
    assign at = unit[{1'b0, reader}];
    for (genvar b = 1; b < 4; ++b) begin : g_byte
      logic [ROWS-1:0][7:0] rows;
      for (genvar r = 0; r < int'(ROWS); ++r) begin : g_row
        assign rows[r] = bytes_q[b][r/(2*CLUSTERS)][r%(2*CLUSTERS)*4+i];
      end
      bnn_mux #(.INPUTS(ROWS), .WIDTH(8)) row (
          .data_i(rows), .select_i(at[SW:2] | {1'b0, base_q[b][SW-1:2]}), .data_o(bank[b][i]));
    end
    wire unused = &{1'b0, at[1:0]};
  end

  // Sixteen sources: byte 0's lanes, byte 1's banks, byte 2's banks. Records of four
  // bytes are read two at a time: byte 3 takes the two banks that byte 2 leaves.
  logic [15:0][7:0] source;
  logic [3:0][7:0] sum;  // the record of a tile of sums; it counts as slot 0
  logic [3:0] left_over; // banks of byte 2
  logic [1:0] two0, two1, swap;
  assign two0 = unit[0].slot[1:0] ^ base_q[2][1:0];
  assign two1 = unit[1].slot[1:0] ^ base_q[2][1:0];
  assign swap = base_q[2][1:0] ^ base_q[3][1:0] ^ 2'd2;
  always_comb begin
    for (int unsigned b = 0; b < 4; ++b) sum[b] = 3'(b) < now_q.covered ? sums_i[b] : 8'd0;
    source = {bank[2], bank[1], lane};
    for (int unsigned i = 0; i < 4; ++i) begin
      left_over[i] = now_q.record == 3'd4 && two0 != 2'(i) && two1 != 2'(i);
      if (left_over[i]) source[i+12] = bank[3][2'(2'(i) ^ swap)];
    end
    if (now_q.sums) begin
      source[0] = sum[0];
      source[8] = sum[1];
      source[12] = sum[2];
      if (now_q.record == 3'd4) source[14] = sum[3];
    end
  end

  // Source of each byte in the order of the stream.
  logic [7:0][3:0] code;
  logic [7:0] fresh8;  // the ninth byte of three records of three
  assign fresh8 = bank[2][2'(unit[2].slot[1:0] ^ base_q[2][1:0])];
  function automatic logic [3:0] source_of(logic [2:0] at, int unsigned b,
                                           logic [1:0] base1, logic [1:0] base2);
    unique case (b)
      0: return {1'b0, at};
      1: return {2'b10, at[1:0] ^ base1};
      2: return {2'b11, at[1:0] ^ base2};
      default: return {2'b11, at[1:0] ^ base2 ^ 2'b10};
    endcase
  endfunction
  always_comb
    for (int unsigned j = 0; j < 8; ++j)
      unique case (now_q.record)
        3'd1: code[j] = source_of(unit[j].slot[2:0], 0, base_q[1][1:0], base_q[2][1:0]);
        3'd2: code[j] = source_of(unit[j/2].slot[2:0], j % 2, base_q[1][1:0], base_q[2][1:0]);
        3'd3: code[j] = source_of(unit[j/3].slot[2:0], j % 3, base_q[1][1:0], base_q[2][1:0]);
        default: code[j] = source_of(unit[j/4].slot[2:0], j % 4, base_q[1][1:0], base_q[2][1:0]);
      endcase

  // Fresh bytes in their places.
  logic [7:0][7:0] rotated;
  logic [4:0] filled;
  assign filled = 5'(held_q) + 5'(got_bytes);
  for (genvar j = 0; j < 8; ++j) begin : g_rotate
    logic [3:0] from;
    bnn_mux #(.INPUTS(8), .WIDTH(4)) turned (
        .data_i(code), .select_i(3'(j) - held_q), .data_o(from));
    bnn_mux #(.INPUTS(16), .WIDTH(8)) byte_of (
        .data_i(source), .select_i(from), .data_o(rotated[j]));
  end

  // One cycle later: held bytes, then fresh ones, then pad.
  logic active_q, emit_q, absorb_q;
  logic [7:0] pad_q, fresh8_q;
  logic [7:0] is_held_q, is_fresh_q, is_ninth_q, rest_pads_q;  // bytes of the beat, of the rest
  logic [7:0][7:0] rotated_q, hold_q, before_q, beat, sent, rest;
  always_ff @(posedge clk_i) begin
    active_q <= active;
    emit_q <= emit;
    absorb_q <= absorb;
    pad_q <= {8{now_q.pad}};
    fresh8_q <= fresh8;
    rotated_q <= rotated;
    for (int unsigned j = 0; j < 8; ++j) begin
      is_held_q[j] <= 3'(j) < held_q;
      is_fresh_q[j] <= 5'(j) < filled;
      is_ninth_q[j] <= 3'(j) == held_q && now_q.record == 3'd3;
      rest_pads_q[j] <= 5'(j + 8) >= filled;
    end
    if (active_q) hold_q <= emit_q && !absorb_q ? rest : beat;
    if (fetch_q && now_q.begins) hold_q <= {64{now_q.pad}};
    if (emit_q) before_q <= sent;
  end
  always_comb
    for (int unsigned j = 0; j < 8; ++j) begin
      beat[j] = is_held_q[j] ? hold_q[j] : is_fresh_q[j] ? rotated_q[j] : pad_q;
      sent[j] = absorb_q ? pad_q : beat[j];
      rest[j] = rest_pads_q[j] ? pad_q : is_ninth_q[j] ? fresh8_q : rotated_q[j];
    end
  assign bytes_o = {sent, before_q};

  // The tile to come, in slots.
  logic [1:0] next_twos, next_split;
  logic [SW-1:0] next_first, next_mask;
  logic [SW:0] next_group;  // slots of a channel group
  assign next_twos = twos(tile_i.stride[2:0]);
  assign next_split = tile_i.sums ? 2'd0 : tile_i.split;
  assign next_first = SW'({4'd0, tile_i.first} >> next_twos);
  assign next_mask = SW'(SLOTS - 1) >> next_split >> next_twos;
  assign next_group = {next_mask, 1'b1} & ~{1'b0, next_mask};
  logic [7:0] next;
  assign next = 8'(position_q) + 8'(step);

  always_ff @(posedge clk_i) begin
    fetch_q <= tile_valid_i;
    if (write_i && turn_i) write_generation_q <= !write_generation_q;
    if (active) begin
      if (!lead || absorb) begin
        records_q <= records_q - 8'(taken);
        position_q <= next[SW-1:0] & mask_q;  // counts only if records are left
        generation_q <= generation_q ^ |(next & ~8'(mask_q));
      end
      held_q <= 3'(4'(held_q) + step_bytes);
      if (lead) lead_q <= lead_q - 5'd1;
    end
    if (emit) begin
      left_q <= left_q - 8'd1;
      index_q <= index_q == 8'd255 ? 8'd255 : index_q + 8'd1;
      pair_q <= pair_q + 16'd1;
    end
    if (tile_valid_i) begin
      now_q <= tile_i;
      mask_q <= next_mask;
      odd_q <= 3'(tile_i.stride >> next_twos >> 1);
      for (int unsigned b = 1; b < 4; ++b)
        base_q[b] <= (next_split != 0 && b % 2 == 1 ? SW'(next_group) : '0)
                   | (next_split[1] && b / 2 == 1 ? SW'({next_group, 1'b0}) : '0);
      left_q <= tile_i.beats;
      // Records that are left over are read first.
      if (records_q == 8'(taken)) begin
        position_q <= next_first;
        generation_q <= write_generation_q;
      end
      records_q <= records_q - 8'(taken) + tile_i.records;
      if (tile_i.begins) begin
        records_q <= tile_i.records;
        position_q <= next_first;
        generation_q <= write_generation_q;
        lead_q <= tile_i.lead[7:3];
        held_q <= tile_i.lead[2:0];
        index_q <= '0;
        pair_q <= tile_i.pair;
      end
    end
    if (rst_i) begin
      fetch_q <= 1'b0;
      left_q <= '0;
      lead_q <= '0;
      records_q <= '0;
      write_generation_q <= 1'b0;
    end
  end

  // Its place.
  always_ff @(posedge clk_i) begin
    beat_valid_o <= emit;
    if (emit) begin
      end_o <= !now_q.last || left_q > 8'd2 || left_q == 8'd2 && now_q.rest == 0 ? 5'd16
             : left_q == 8'd2 ? {2'b01, now_q.rest}
             : now_q.rest == 0 ? 5'd8 : {2'b00, now_q.rest};
      beat_index_o <= index_q;
      pair_o <= pair_q;
      phase_o <= now_q.phase;
    end
    if (rst_i) beat_valid_o <= 1'b0;
  end
endmodule
