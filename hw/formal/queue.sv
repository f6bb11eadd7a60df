// bnn_queue, as fifo.sv: a watched word comes out unchanged when everything ahead
// of it has; a full queue takes a word in the cycle of a pop.
module queue_properties #(
  parameter int unsigned WIDTH = 4,
  parameter int unsigned DEPTH = 8
) (
  input logic clk_i,
  input logic clear_i,
  input logic push_i,
  input logic [WIDTH-1:0] data_i,
  input logic pop_i,
  input logic watch_i  // free: take this push as the watched one
);
  localparam int unsigned Bits = $clog2(DEPTH);
  logic room, valid;
  logic [WIDTH-1:0] data;
  bnn_queue #(.WIDTH(WIDTH), .DEPTH(DEPTH)) dut (
    .clk_i, .clear_i, .push_i, .data_i, .room_o(room), .pop_i, .valid_o(valid), .data_o(data));

  logic started = 1'b0, watching = 1'b0;
  logic [WIDTH-1:0] watched;
  logic [Bits:0] count, ahead;  // words inside, words in front of the watched one

  always_ff @(posedge clk_i) begin
    started <= 1'b1;
    count   <= count + (Bits+1)'(push_i) - (Bits+1)'(pop_i);
    if (push_i && watch_i && !watching) begin
      watching <= 1'b1;
      watched  <= data_i;
      ahead    <= count - (Bits+1)'(pop_i);
    end else if (watching && pop_i) begin
      ahead <= ahead - 1'b1;
      if (ahead == 0) watching <= 1'b0;
    end
    if (clear_i) begin
      count    <= '0;
      watching <= 1'b0;
    end
  end

  always_comb begin
    assume (started || clear_i);
    if (started) begin
      assume (!push_i || room);
      assume (!pop_i || valid);
      assert (count <= (Bits+1)'(DEPTH));
      assert (valid == (count != 0));
      assert (room == (count != (Bits+1)'(DEPTH) || pop_i));
      if (watching) begin
        assert (ahead < count);
        if (ahead == 0) assert (data == watched);
        // Where the watched word lies, so that induction sees it.
        assert (dut.memory[Bits'(dut.head + Bits'(ahead))] == watched);
      end
      assert (dut.count == count && dut.tail == Bits'(dut.head + Bits'(count)));
      cover (count == (Bits+1)'(DEPTH) && push_i && watching && ahead == 0);
    end
  end
endmodule
