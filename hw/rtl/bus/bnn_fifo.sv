// A small first-word-fall-through FIFO in LUT RAM. `valid_o` and `data_o` show a
// word in the cycle after it was pushed. The writer must respect `count_o`.
module bnn_fifo #(
  parameter int unsigned WIDTH = 64,
  parameter int unsigned DEPTH = 64  // a power of two
) (
  input  logic                     clk_i,
  input  logic                     rst_i,
  input  logic                     push_i,
  input  logic [WIDTH-1:0]         data_i,
  input  logic                     pop_i,
  output logic                     valid_o,
  output logic [WIDTH-1:0]         data_o,
  output logic [$clog2(DEPTH):0]   count_o
);
  localparam int unsigned BITS = $clog2(DEPTH);
  (* ram_style = "distributed" *) logic [WIDTH-1:0] memory[DEPTH];
  logic [BITS:0] head, tail;

  assign count_o = tail - head;
  assign valid_o = head != tail;
  assign data_o  = memory[head[BITS-1:0]];

  always_ff @(posedge clk_i) begin
    if (push_i) memory[tail[BITS-1:0]] <= data_i;
    if (rst_i) begin
      head <= '0;
      tail <= '0;
    end else begin
      if (push_i) tail <= tail + 1'b1;
      if (pop_i && valid_o) head <= head + 1'b1;
    end
  end
endmodule
