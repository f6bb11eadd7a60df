// The package's legality check as a module, for TrapMain.cpp.
module trap_of (
  input  logic [127:0]       word_i,
  output bnn_isa_pkg::trap_e trap_o
);
  assign trap_o = bnn_isa_pkg::trap_of(word_i);
endmodule
