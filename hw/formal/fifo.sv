// bnn_fifo keeps order and count: a watched word, pushed at any place, comes out
// when everything ahead it has, and not changed.
module fifo_properties #(
  parameter int unsigned WIDTH = 4,
  parameter int unsigned DEPTH = 8
) (
  input logic clk_i,
  input logic rst_i,
  input logic push_i,
  input logic [WIDTH-1:0] data_i,
  input logic pop_i,
  input logic watch_i  // free: take this push as the watched one
);
  logic valid;
  logic [WIDTH-1:0] data;
  logic [$clog2(DEPTH):0] count;
  bnn_fifo #(.WIDTH(WIDTH), .DEPTH(DEPTH)) dut (
    .clk_i, .rst_i, .push_i, .data_i, .pop_i, .valid_o(valid), .data_o(data), .count_o(count));

  logic started = 1'b0, watching = 1'b0;
  logic [WIDTH-1:0] watched;
  logic [$clog2(DEPTH):0] ahead;  // words in front of the watched one

  always_ff @(posedge clk_i) begin
    started <= 1'b1;
    if (rst_i) watching <= 1'b0;
    else if (push_i && watch_i && !watching) begin
      watching <= 1'b1;
      watched  <= data_i;
      ahead   <= count - ($clog2(DEPTH)+1)'(pop_i && valid);
    end else if (watching && pop_i && valid) begin
      ahead <= ahead - 1'b1;
      if (ahead == 0) watching <= 1'b0;
    end
  end

  always_comb begin
    assume (started || rst_i);
    // The writer's duty, and all that is asked of it.
    assume (!push_i || count < ($clog2(DEPTH)+1)'(DEPTH));
    if (started) begin
      assert (count <= ($clog2(DEPTH)+1)'(DEPTH));
      assert (valid == (count != 0));
      cover (watching && ahead == 0 && count == ($clog2(DEPTH)+1)'(DEPTH));
      if (watching) begin
        assert (ahead < count);
        if (ahead == 0) assert (data == watched);
        // Where the watched word lies, so that induction sees it.
        assert (dut.memory[3'(dut.head + ahead)] == watched);
      end
    end
  end
endmodule
