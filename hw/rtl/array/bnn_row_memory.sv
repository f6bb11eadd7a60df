// A memory of whole rows: weights, thresholds. A read in the cycle of a write to its
// row sees the old data.
module bnn_row_memory #(
  parameter int unsigned ROWS = 512,
  parameter int unsigned WIDTH = 256,
  localparam int unsigned ROW_BITS = $clog2(ROWS)
) (
  input  logic                clk_i,
  input  logic                write_i,
  input  logic [ROW_BITS-1:0] write_row_i,
  input  logic [WIDTH-1:0]    write_data_i,
  input  logic [ROW_BITS-1:0] read_row_i,
  output logic [WIDTH-1:0]    read_data_o  // of the cycle before
);

  logic [WIDTH-1:0] memory[ROWS];

  always_ff @(posedge clk_i) begin
    if (write_i) memory[write_row_i] <= write_data_i;
  end
  always_ff @(posedge clk_i) read_data_o <= memory[read_row_i];

endmodule
