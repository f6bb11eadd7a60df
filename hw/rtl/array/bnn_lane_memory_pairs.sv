// A lane memory that is read in pairs of words: two banks, for the lane that STORE reads.
module bnn_lane_memory_pairs #(
  parameter int unsigned WORDS = 1024,
  localparam int unsigned PAIR_BITS = $clog2(WORDS) - 1
) (
  input  logic                 clk_i,
  input  logic [PAIR_BITS-1:0] write_pair_i,
  input  logic [63:0]          write_data_i,
  input  logic [7:0]           write_i,        // byte enables
  input  logic [PAIR_BITS-1:0] read_pair_i,
  output logic [63:0]          read_data_o  // of the cycle before
);

  for (genvar bank = 0; bank < 2; ++bank) begin : gen_bank
    logic [31:0] memory[WORDS/2];
    logic [31:0] read_q;
    always_ff @(posedge clk_i) begin
      for (int unsigned i = 0; i < 4; ++i) begin
        if (write_i[4*bank+i])
          memory[write_pair_i][8*i+:8] <= write_data_i[32*bank+8*i+:8];
      end
    end
    always_ff @(posedge clk_i) read_q <= memory[read_pair_i];
    assign read_data_o[32*bank+:32] = read_q;
  end

endmodule
