// What the parts of the output unit hand to each other.
package bnn_output_pkg;

  // Records that a completed tile appends to its stream.
  typedef struct packed {
    logic begins;           // first tile: the stream starts with its lead pad
    logic last;             // last tile: trail pad, partial beat and flush follow
    logic sums;             // SUM_BITS: the one record comes from the value path
    logic [15:0] pair;      // first pair of words of the stream (begins)
    logic [7:0] beats;      // write cycles, at most 130
    logic [2:0] rest;       // last: bytes of the partial beat
    logic [7:0] records;    // pooled pixels, at most 128
    logic [3:0] first;      // pixel of the tile that ends the first window
    logic [2:0] covered;    // bytes of a record that have a channel tile; those behind are 0
    logic [1:0] split;
    logic [3:0] stride;     // pixels from one pooled pixel to the next
    logic [2:0] record;     // bytes
    logic [7:0] phase;      // bytes
    logic [7:0] lead;       // bytes
    logic pad;
  } tile_t;

  // A VALUE sample.
  typedef struct packed {
    logic begins;           // resets the sums
    logic last;             // the stream's sums are complete
    logic last_tile;
    logic [1:0] tile;       // channel tile
    logic [7:0] pixels;     // inside the map, at most 128
    logic [3:0] first;      // pixel that ends the first window (may lie in a later tile)
    logic [3:0] window;
    logic [2:0] mode;       // out_mode_e
    logic restart;          // first sample of a RUN: words go to `base`
    logic [15:0] base;      // output buffer
  } value_t;

endpackage
