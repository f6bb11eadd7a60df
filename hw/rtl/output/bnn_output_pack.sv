// Pooled bytes become the 8-byte beats of their stream, one a cycle.
//
// Each sample's pooled bytes go to a distributed RAM per pixel lane, at
// {generation, channel tile}; the generation changes with every completed tile.
// A record's byte b has its own copy of that RAM, so that up to eight records
// are read in one cycle: unit u reads pixel position + u * stride, and a pixel
// before `position` is one of the next tile. A tile's last records may
// thus be read together with the next tile's first ones. What does not fill a
// beat waits in `hold` (less than 8 bytes).
//
// `tile_i` comes in the model's cycle of its first beat; that beat is packed one
// cycle later and leaves in `beat_o` two cycles later.
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
    input logic [CLUSTERS-1:0][7:0][7:0] pooled_i,

    input logic tile_valid_i,
    input tile_t tile_i,
    input logic [3:0][7:0] sums_i,  // the record of a tile of `sums`, valid from the next cycle on
    output logic free_o,            // a tile may come: no beat is due after this cycle's
    output logic port_taken_o,      // in the model's cycle of each beat

    // A beat for the lanes: bytes 8k-8 .. 8k+7 of the stream, the first `end` of them exist.
    output logic beat_valid_o,
    output logic [15:0][7:0] bytes_o,
    output logic [4:0] end_o,
    output logic [7:0] beat_index_o,  // k, or 255 from there on
    output logic [15:0] pair_o,       // word pair 8k..8k+7 of lane 0
    output logic [7:0] phase_o
);
  localparam int unsigned LOG = $clog2(CLUSTERS);
  localparam int unsigned CW = LOG == 0 ? 1 : LOG;
  localparam int unsigned UNITS = 8;

  // Bytes of a record that unit u has to read: 8 of one, 4 of two, 3 of three, 2 of four.
  function automatic int unsigned bytes_of(int unsigned u);
    return u < 2 ? 4 : u == 2 ? 3 : u == 3 ? 2 : 1;
  endfunction

  // State of the present tile and stream.
  /* verilator lint_off UNUSEDSIGNAL */  // what only the tile's arrival needs
  tile_t now_q;
  /* verilator lint_on UNUSEDSIGNAL */
  logic fetch_q;              // the tile came in the cycle before
  logic [7:0] left_q;         // beats to pack
  logic [4:0] lead_q;         // beats of lead pad among them
  logic [7:0] records_q;      // records to read
  logic [6:0] position_q;     // of the next one
  logic generation_q, write_generation_q;
  logic [2:0] held_q;
  logic [7:0][7:0] hold_q;
  logic [7:0] index_q;
  logic [15:0] pair_q;

  assign port_taken_o = left_q > 8'd1 || tile_valid_i && tile_i.beats != 0;
  assign free_o = left_q <= 8'd1;

  // Which records this cycle reads.
  logic active, emit, lead, absorb;  // absorb: the tile's only beats are lead pad
  logic [3:0] wanted, taken, wanted_bytes, got_bytes, step_bytes;
  logic [6:0] mask;  // pixels of a tile - 1
  assign emit = left_q != 0;
  assign active = fetch_q || emit;
  assign lead = lead_q != 0;
  assign absorb = lead && left_q == 8'd1;
  assign mask = 7'((32'(CLUSTERS * PIXELS) >> now_q.split) - 1);
  always_comb begin
    unique case (now_q.record)
      3'd1: {wanted, wanted_bytes} = {4'd8, 4'd8};
      3'd2: {wanted, wanted_bytes} = {4'd4, 4'd8};
      3'd3: {wanted, wanted_bytes} = held_q == 3'd7 ? {4'd2, 4'd6} : {4'd3, 4'd9};
      default: {wanted, wanted_bytes} = {4'd2, 4'd8};
    endcase
    taken = lead && !absorb || !active ? 4'd0 : records_q < 8'(wanted) ? records_q[3:0] : wanted;
    got_bytes = 4'(taken * 4'(now_q.record));
    // The last tile's bytes are followed by pad, as if all were there.
    step_bytes = absorb ? got_bytes : lead ? 4'd8 : now_q.last ? wanted_bytes : got_bytes;
  end

  // Staged bytes: [byte of the record][cluster][pixel].
  logic [3:0][CLUSTERS-1:0][7:0][7:0] staged;
  logic [3:0][1:0] byte_tile;   // channel tile and channel group of record byte b
  logic [3:0][1:0] byte_group;
  always_comb
    for (int unsigned b = 0; b < 4; ++b) begin
      byte_tile[b] = 2'(b >> now_q.split);
      byte_group[b] = 2'(b) & 2'((32'd1 << now_q.split) - 1);
    end
  for (genvar c = 0; c < int'(CLUSTERS); ++c) begin : g_cluster
    for (genvar p = 0; p < 8; ++p) begin : g_pixel
      logic generation;
      assign generation = generation_q ^ ((7'(c * 8 + p) & mask) < position_q);
      for (genvar b = 0; b < 4; ++b) begin : g_byte
        (* ram_style = "distributed" *) logic [7:0] ram[8];
        always_ff @(posedge clk_i)
          if (write_i) ram[{write_generation_q, tile_index_i}] <= pooled_i[c][p];
        assign staged[b][c][p] = ram[{generation, byte_tile[b]}];
      end
    end
  end

  // Units read; then their bytes in the order of the stream.
  logic [UNITS-1:0][3:0][7:0] unit_byte;
  logic [8:0][7:0] fresh;
  for (genvar u = 0; u < int'(UNITS); ++u) begin : g_unit
    logic [6:0] pixel;
    assign pixel = (position_q + 7'(u) * 7'(now_q.stride)) & mask;
    for (genvar b = 0; b < 4; ++b) begin : g_byte
      if (b < int'(bytes_of(u))) begin : g_read
        /* verilator lint_off UNUSEDSIGNAL */
        logic [6:0] at;  // {cluster, pixel lane}
        /* verilator lint_on UNUSEDSIGNAL */
        assign at = pixel | 7'((32'(byte_group[b]) * (32'(mask) + 1)));
        logic [CW-1:0] cluster;
        logic [7:0] read;
        assign cluster = CLUSTERS == 1 ? '0 : at[3+:CW];
        assign read = u == 0 && now_q.sums ? sums_i[b]
                                           : staged[b][cluster][at[2:0]];
        assign unit_byte[u][b] = 3'(b) < now_q.covered ? read : 8'd0;
      end else begin : g_none
        assign unit_byte[u][b] = '0;
      end
    end
  end
  always_comb
    for (int unsigned j = 0; j < 9; ++j)
      unique case (now_q.record)
        3'd1: fresh[j] = j < 8 ? unit_byte[j%8][0] : 8'd0;
        3'd2: fresh[j] = j < 8 ? unit_byte[j/2%8][j%2] : 8'd0;
        3'd3: fresh[j] = unit_byte[j/3][j%3];
        default: fresh[j] = j < 8 ? unit_byte[j/4][j%4] : 8'd0;
      endcase

  // Held bytes, then fresh ones, then pad.
  logic [7:0][7:0] rotated, beat, rest;
  logic [7:0] pad;
  logic [4:0] filled;
  assign pad = {8{now_q.pad}};
  assign filled = 5'(held_q) + 5'(got_bytes);
  always_comb
    for (int unsigned j = 0; j < 8; ++j) begin
      rotated[j] = fresh[{1'b0, 3'(j) - held_q}];
      beat[j] = 3'(j) < held_q ? hold_q[j] : 5'(j) < filled ? rotated[j] : pad;
      rest[j] = 5'(j + 8) >= filled ? pad
              : 3'(j) == held_q && now_q.record == 3'd3 ? fresh[8] : rotated[j];
    end

  always_ff @(posedge clk_i) begin
    fetch_q <= tile_valid_i;
    if (write_i && turn_i) write_generation_q <= !write_generation_q;
    if (active) begin
      if (!lead || absorb) begin
        records_q <= records_q - 8'(taken);
        position_q <= (position_q + 7'(taken) * 7'(now_q.stride)) & mask;
        if (8'(position_q) + 8'(7'(taken) * 7'(now_q.stride)) > 8'(mask))
          generation_q <= !generation_q;
      end
      held_q <= 3'(4'(held_q) + step_bytes);
      hold_q <= emit && !absorb ? rest : beat;
      if (lead) lead_q <= lead_q - 5'd1;
    end
    if (emit) begin
      left_q <= left_q - 8'd1;
      index_q <= index_q == 8'd255 ? 8'd255 : index_q + 8'd1;
      pair_q <= pair_q + 16'd1;
    end
    if (tile_valid_i) begin
      now_q <= tile_i;
      left_q <= tile_i.beats;
      // Records that are left over are read first.
      if (records_q == 8'(taken)) begin
        position_q <= tile_i.first;
        generation_q <= write_generation_q;
      end
      records_q <= records_q - 8'(taken) + tile_i.records;
      if (tile_i.begins) begin
        records_q <= tile_i.records;
        position_q <= tile_i.first;
        generation_q <= write_generation_q;
        lead_q <= tile_i.lead[7:3];
        held_q <= tile_i.lead[2:0];
        hold_q <= {64{tile_i.pad}};
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

  // The beat, with the one before it.
  always_ff @(posedge clk_i) begin
    beat_valid_o <= emit;
    if (emit) begin
      bytes_o <= {absorb ? {8{pad}} : beat, bytes_o[15:8]};
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
