// One token counter. `now_i` gives a token that may be taken in the same cycle,
// `later_i` one that may be taken from the next cycle on. It stays at its top:
// code that returns its tokens holds at most one for each instruction.
module bnn_tokens #(
  parameter logic [9:0] FIRST = 10'd0  // when code starts
) (
  input  logic clk_i,
  input  logic clear_i,
  input  logic now_i,
  input  logic later_i,
  input  logic take_i,
  output logic any_o
);
  logic [9:0] count;
  logic [1:0] given;

  assign any_o = count != 10'd0 || now_i;
  assign given = {1'b0, now_i} + {1'b0, later_i};
  always_ff @(posedge clk_i) begin
    if (clear_i) count <= FIRST;
    else if (!(&count)) count <= count + 10'(given) - 10'(take_i);
  end

endmodule
