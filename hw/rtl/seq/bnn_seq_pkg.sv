// What the sequencer's parts hand to each other.
package bnn_seq_pkg;
  import bnn_isa_pkg::*;

  // What the microword of cycle t decides for the addresses; registered, in t + 1.
  typedef struct packed {
    logic issue;
    acc_op_e op;
    logic mac;
    logic tail;       // the tail mask applies
    logic hold_tail;  // pixels from RUN.last_pixels on keep their accumulator
    logic [1:0] row;
    logic [2:0] plane_a;
    logic [2:0] plane_w;
    logic increments;   // a loop goes on ...
    logic [2:0] loop;   // ... this one
    logic [7:0] clears; // loops that start again
  } decision_t;

endpackage
