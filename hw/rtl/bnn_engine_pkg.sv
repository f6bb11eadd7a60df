// What the engine's blocks hand to each other. Cycle names: t is the cycle in
// which the golden model does a thing (a step issues in cycle t); see docs/rtl.md.
/* verilator lint_off UNUSEDPARAM */
package bnn_engine_pkg;
  import bnn_isa_pkg::*;

  localparam int unsigned PIXELS = 8;    // pixel lanes per cluster
  localparam int unsigned CHANNELS = 8;  // channels per cluster
  // Cycles from a step's issue to its lane address at the memories. Everything
  // that the array and the lanes do happens this much later than in the model.
  localparam int unsigned READ_LAG = 3;
  localparam int unsigned WRITE_DELAY = 8;   // sample to first lane write (model)
  localparam int unsigned VALUE_DELAY = 12;  // sample to first value (model)
  localparam int unsigned BUS_LATENCY = 8;   // start of a LOAD or STORE to its first beat (model)

  // One step of the array, in cycle t + 2.
  typedef struct packed {
    logic valid;
    acc_op_e op;
    logic mac;               // reads lanes and weights; 0: pop = 0
    logic quad;
    logic [31:0] mask;       // activation bits that count
    logic [15:0] act;        // lane word address of pixel group 0
    logic [12:0] weight;     // weight row
    logic [10:0] threshold;  // threshold row, read by every step
    logic [13:0] cluster_stride;
    logic [1:0] split;       // log2 of the channel groups gm
    logic [3:0] shamt;       // INIT: acc = (T >>> shamt) + pop; SHIFT: injects bit T[shamt]
    logic inject;            // SHIFT: the bit counts (else 0 is injected)
    logic [7:0] held_from;   // pixels of the tile (0..127) from here on keep acc; 255: none
  } step_t;

  // The sample that the step of cycle t asks for, in cycle t (before the stall is known).
  typedef struct packed {
    logic sign;         // SIGN sample
    logic value;        // VALUE sample
    logic done;         // SIGN: completes the tile's bits (word.done and loop 3 at its limit)
    logic [2:0] plane;
    logic [1:0] tile;   // counter of loop 4; 4 and more traps in the sequencer
    logic [15:0] x;     // first pixel of the tile: counter 5 * 8 * gp; 0 when loop 5 is reduced
    logic begins;       // counter 5 is 0, or loop 5 is reduced: first tile of its stream
    logic [15:0] stream;  // counter 7 * group_pitch + counter 6 * row_pitch
    logic last_tile;    // loop 4 at its limit
    logic last_x;       // loop 5 at its limit, or reduced: last tile of its stream
  } sample_t;

  // What is kept of a threshold row for one channel.
  typedef struct packed {
    logic polarity;
    logic [ISA_THRESHOLD_BITS-1:0] t;
  } entry_t;

  // One write cycle of the lane memories: each lane takes its own pair of words.
  typedef struct packed {
    logic [PIXELS-1:0] valid;
    logic [PIXELS-1:0][14:0] pair;  // address of the pair: word address / 2
    logic [PIXELS-1:0][63:0] data;
    logic [PIXELS-1:0][7:0] bytes;  // byte enables
  } lane_write_t;

endpackage
/* verilator lint_on UNUSEDPARAM */
