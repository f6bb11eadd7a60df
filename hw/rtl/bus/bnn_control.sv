// What happens between a start and its end: the code comes into the instruction
// memory, the engine runs, the bus comes to rest. Traps of the fetch and of a
// silent memory end it as the engine's own do.
module bnn_control
  import bnn_isa_pkg::*;
(
  input  logic         clk_i,
  input  logic         rst_i,
  // Registers.
  input  logic         start_i,        // pulse; ignored while busy
  input  logic         reuse_i,        // the same code is in the instruction memory
  input  logic         stop_i,         // pulse
  input  logic [31:0]  code_begin_i,   // bytes in region Program
  input  logic [31:0]  code_end_i,
  input  logic [28:0]  base_i,         // of region Program, in beats
  input  logic [28:0]  size_i,
  output logic         busy_o,
  output logic         finished_o,     // pulse
  output trap_e        trap_o,
  output logic [9:0]   trap_index_o,
  output logic         stopped_o,
  output logic         begins_o,       // pulse: counters of the bus start anew
  // Masters.
  output logic         abort_o,
  output logic         fetching_o,     // the read master is the fetcher's
  output logic         read_start_o,
  output logic [28:0]  read_address_o,
  output logic [16:0]  read_beats_o,
  input  logic         beat_valid_i,
  input  logic [63:0]  beat_i,
  output logic         beat_pop_o,
  input  logic         bus_busy_i,
  input  trap_e        read_trap_i,
  input  logic         stuck_i,        // a master gave up waiting
  // Engine.
  output logic         engine_rst_o,
  output logic         code_we_o,
  output logic [8:0]   code_addr_o,
  output logic [127:0] code_data_o,
  output logic         engine_start_o,
  output logic [9:0]   count_o,
  input  logic         engine_done_i,
  input  trap_e        engine_trap_i,
  input  logic [9:0]   engine_index_i
);
  typedef enum logic [2:0] {
    IDLE,
    REST,   // whatever the start before left on the bus is gone
    CHECK,
    FETCH,
    START,
    RUN,
    DRAIN
  } state_e;
  state_e state;
  logic [28:0] instructions;
  logic [9:0] kept;      // instructions in the memory; 0: none
  logic [9:0] fetched;
  logic [63:0] low;
  logic [29:0] sum;      // the code's place in memory; bit 29: past the address space
  logic [28:0] place;
  logic half, reuse, good, wraps, last;

  // One look at the registers; it is used in later cycles.
  assign wraps = sum[29] || &sum[28:10];  // at most 1,024 beats follow
  assign sum   = 30'(base_i) + 30'(code_begin_i[31:3]);
  always_ff @(posedge clk_i) begin
    place        <= sum[28:0];
    instructions <= 29'((code_end_i - code_begin_i) >> 4);
    good <= code_begin_i <= code_end_i && code_begin_i[2:0] == 3'd0 &&
            code_end_i[2:0] == 3'd0 && code_end_i[31:3] <= size_i && !wraps;
  end
  assign busy_o       = state != IDLE;
  assign engine_rst_o = rst_i || (state == DRAIN && stopped_o);  // a stop forgets the code, too
  assign abort_o      = state == REST || state == DRAIN ||
                        (state == RUN && (engine_trap_i != TRAP_NONE || stopped_o));
  // Longer code than fits: the engine traps; what fits is fetched all the same.
  assign count_o        = instructions > 29'd1023 ? 10'd1023 : instructions[9:0];
  assign fetching_o     = state == CHECK || state == FETCH;
  assign read_start_o   = state == CHECK && good && !reuse && instructions != 0;
  assign read_address_o = place;
  assign read_beats_o   = instructions > 29'd512 ? 17'd1024 : {6'd0, count_o, 1'b0};
  assign beat_pop_o     = state == FETCH && beat_valid_i;
  assign code_we_o      = beat_pop_o && half;
  assign code_addr_o    = fetched[8:0];
  assign code_data_o    = {beat_i, low};
  assign last           = code_we_o && {fetched, 1'b0} + 11'd2 == read_beats_o[10:0];
  assign engine_start_o = state == START;
  assign begins_o       = state == IDLE && start_i;

  always_ff @(posedge clk_i) begin
    finished_o <= 1'b0;
    if (beat_pop_o) begin
      half <= !half;
      if (!half) low <= beat_i;
      else fetched <= fetched + 10'd1;
    end
    unique case (state)
      IDLE:
      if (start_i) begin
        state        <= REST;
        reuse        <= reuse_i;
        stopped_o    <= 1'b0;
        trap_o       <= TRAP_NONE;
        trap_index_o <= '0;
      end
      REST: begin
        if (stuck_i) begin
          state  <= DRAIN;
          trap_o <= TRAP_WATCHDOG;
        end else if (!bus_busy_i) begin
          state <= CHECK;
        end
      end
      CHECK: begin
        half    <= 1'b0;
        fetched <= '0;
        if (!good) begin
          state  <= DRAIN;
          trap_o <= TRAP_REGION_RANGE;
        end else if (reuse && kept == count_o) state <= START;
        else if (reuse) reuse <= 1'b0;
        else begin
          kept  <= '0;
          state <= instructions == 0 ? START : FETCH;
        end
      end
      FETCH: begin
        if (read_trap_i != TRAP_NONE) begin
          state  <= DRAIN;
          trap_o <= read_trap_i;
        end else if (last) begin
          state <= START;
          kept  <= count_o;
        end
      end
      START: state <= RUN;
      RUN:
      if (engine_done_i || stopped_o) begin
        state        <= DRAIN;
        trap_o       <= engine_trap_i;
        trap_index_o <= engine_index_i;
      end
      default: begin
        if (stopped_o) kept <= '0;
        if (!bus_busy_i || stuck_i) begin
          state      <= IDLE;
          finished_o <= 1'b1;
          if (bus_busy_i && trap_o == TRAP_NONE) trap_o <= TRAP_WATCHDOG;
        end
      end
    endcase
    if (stop_i && busy_o && state != DRAIN) begin
      stopped_o <= 1'b1;
      if (state != RUN) state <= DRAIN;
    end
    if (rst_i) begin
      state     <= IDLE;
      trap_o    <= TRAP_NONE;
      stopped_o <= 1'b0;
      kept      <= '0;
      finished_o <= 1'b0;
    end
  end
endmodule
