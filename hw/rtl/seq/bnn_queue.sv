// A queue in distributed memory: one word in, one out a cycle, the front is
// visible from the cycle after the push on. A push into a full queue is
// allowed in the cycle of a pop.
module bnn_queue #(
  parameter int unsigned WIDTH = 8,
  parameter int unsigned DEPTH = 8  // a power of two
) (
  input  logic             clk_i,
  input  logic             clear_i,
  input  logic             push_i,
  input  logic [WIDTH-1:0] data_i,
  output logic             room_o,
  input  logic             pop_i,
  output logic             valid_o,
  output logic [WIDTH-1:0] data_o
);
  localparam int unsigned BITS = $clog2(DEPTH);

  (* ram_style = "distributed" *) logic [WIDTH-1:0] memory[DEPTH];
  logic [BITS-1:0] head, tail;
  logic [BITS:0] count;

  always_ff @(posedge clk_i) begin
    if (push_i) memory[tail] <= data_i;
    if (clear_i) begin
      head  <= '0;
      tail  <= '0;
      count <= '0;
    end else begin
      if (pop_i) head <= head + 1'b1;
      if (push_i) tail <= tail + 1'b1;
      if (push_i != pop_i) count <= push_i ? count + 1'b1 : count - 1'b1;
    end
  end

  assign valid_o = count != '0;
  assign room_o  = !count[BITS] || pop_i;
  assign data_o  = memory[head];

endmodule
