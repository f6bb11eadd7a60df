// One lane memory: 32-bit words, written in pairs with byte enables. A read in the
// cycle of a write to its word sees the old data.
module bnn_lane_memory #(
  parameter int unsigned WORDS = 1024,
  localparam int unsigned PAIR_BITS = $clog2(WORDS) - 1
) (
  input  logic                 clk_i,
  input  logic [PAIR_BITS-1:0] write_pair_i,
  input  logic [63:0]          write_data_i,
  input  logic [7:0]           write_i,        // byte enables
  input  logic [PAIR_BITS:0]   read_word_i,
  output logic [31:0]          read_data_o  // of the cycle before
);

  logic [31:0] memory[WORDS];

  always_ff @(posedge clk_i) begin
    for (int unsigned i = 0; i < 8; ++i) begin
      if (write_i[i])
        memory[{write_pair_i, 1'(i/4)}][8*(i%4)+:8] <= write_data_i[8*i+:8];
    end
  end
  always_ff @(posedge clk_i) read_data_o <= memory[read_word_i];

endmodule
