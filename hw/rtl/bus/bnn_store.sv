// The STORE engine: words of the output buffer, or pairs of lane 0, to memory.
// Started in model cycle c it reads from c + 2 on, one beat a cycle; the array
// has the lanes' read port first. Reads fall READ_LAG cycles after the model's,
// as all that touches the lanes. On a memory that keeps up the last response is
// here six cycles after the last read: in c + 8 + beats - 1.
module bnn_store
  import bnn_isa_pkg::*;
  import bnn_engine_pkg::*;
#(
  parameter int unsigned LANE_WORDS = 1536,
  parameter int unsigned OUTPUT_WORDS = 1024
) (
  input  logic             clk_i,
  input  logic             rst_i,    // also before each start of code
  input  logic             abort_i,  // level: a trap or a stop
  // The sequencer's side.
  input  logic             start_i,  // pulse in cycle c
  input  store_t           store_i,
  input  logic [31:0]      window_i,
  input  logic             reads_lanes_i,  // model cycle: the array reads
  output logic             busy_o,
  output logic             done_o,   // pulse: all responses are here
  output trap_e            trap_o,   // pulse; TRAP_NONE otherwise
  // Regions, in beats.
  input  logic [3:0][28:0] base_i,
  input  logic [3:0][28:0] size_i,
  input  logic [28:0]      output_stride_i,
  // The memories: data one cycle after the address.
  output logic             lane_read_o,
  output logic [14:0]      lane_pair_o,
  input  logic [63:0]      lane_data_i,
  output logic [15:0]      buffer_addr_o,
  input  logic [63:0]      buffer_data_i,
  // The write master.
  output logic             write_start_o,
  output logic [28:0]      write_address_o,
  output logic [15:0]      write_beats_o,
  output logic             push_o,
  output logic [63:0]      push_data_o,
  input  logic             room_i,   // for what is on its way and one more
  input  logic             written_i // pulse: the last response
);
  // verilator lint_off UNUSEDSIGNAL
  store_t store;  // reserved fields and the lanes' even address: checked before the start
  // verilator lint_on UNUSEDSIGNAL
  typedef enum logic [1:0] {
    IDLE,
    PLACE,  // region check, c + 1 .. c + 3; reading begins in c + 2
    MOVE
  } state_e;
  state_e state;
  logic from_lanes, from_lanes_q, region_ok, region_outside, issue, begun, past;
  logic [15:0] left;
  logic [16:0] address;  // output word, or pair of lane words
  logic [READ_LAG+1:1] moving;

  assign from_lanes = store.source == STORE_SOURCE_LANES;
  assign busy_o  = state != IDLE;
  assign done_o  = state == MOVE && written_i;
  bnn_region region (
    .clk_i, .rst_i, .start_i, .window_i, .region_i(store_i.region), .first_i(store_i.dest),
    .beats_i(store_i.beats), .base_i, .size_i, .input_stride_i('0), .output_stride_i,
    .ok_o(region_ok), .outside_o(region_outside), .address_o(write_address_o));
  assign write_start_o = state == PLACE && region_ok && !abort_i;
  assign write_beats_o = store.beats;

  assign issue = begun && left != 16'd0 && room_i && !(from_lanes && reads_lanes_i) && !abort_i;
  assign past  = from_lanes ? address >= 17'(LANE_WORDS / 2) : address >= 17'(OUTPUT_WORDS);
  assign lane_read_o   = moving[READ_LAG] && from_lanes;
  assign lane_pair_o   = address[14:0];
  assign buffer_addr_o = address[15:0];
  assign push_o        = moving[READ_LAG+1];
  assign push_data_o   = from_lanes_q ? lane_data_i : buffer_data_i;

  always_ff @(posedge clk_i) begin
    moving <= {moving[READ_LAG:1], issue};
    from_lanes_q <= from_lanes;
    begun <= state == PLACE || (begun && state == MOVE);
    if (issue) left <= left - 16'd1;
    if (moving[READ_LAG]) address <= address + 17'd1;
    unique case (state)
      PLACE: if (write_start_o) state <= MOVE;
      MOVE:  if (written_i) state <= IDLE;
      default: ;
    endcase
    if (start_i) begin
      state <= PLACE;
      store <= store_i;
      left  <= store_i.beats;
      begun <= 1'b0;
      address <= store_i.source == STORE_SOURCE_LANES ? {2'b0, store_i.address[15:1]}
                                                      : {1'b0, store_i.address};
    end
    if (rst_i || abort_i) state <= IDLE;
    if (rst_i) begin
      moving <= '0;
      begun  <= 1'b0;
    end
  end

  always_comb begin
    trap_o = TRAP_NONE;
    if (state == PLACE && region_outside) trap_o = TRAP_REGION_RANGE;
    else if (moving[READ_LAG] && past) trap_o = TRAP_ADDRESS_RANGE;
  end
endmodule
