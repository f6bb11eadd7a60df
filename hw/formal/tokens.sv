// bnn_tokens against an integer: what was given less what was taken.
module tokens_properties #(
  parameter logic [9:0] FIRST = 10'd1
) (
  input logic clk_i,
  input logic clear_i,
  input logic now_i,
  input logic later_i,
  input logic take_i
);
  logic any;
  bnn_tokens #(.FIRST(FIRST)) dut (.clk_i, .clear_i, .now_i, .later_i, .take_i, .any_o(any));

  logic started = 1'b0;
  logic [31:0] tokens;  // before this cycle
  logic [31:0] there;   // that may be taken now
  logic full = 1'b0;    // the counter was at its top: from then on it stays there
  assign there = tokens + 32'(now_i);
  always_ff @(posedge clk_i) begin
    started <= 1'b1;
    tokens  <= clear_i ? 32'(FIRST) : there - 32'(take_i) + 32'(later_i);
    full    <= !clear_i && (full || there - 32'(take_i) + 32'(later_i) == 32'd1023);
  end

  always_comb begin
    assume (started || clear_i);
    assume (!(now_i && later_i));  // every counter of the sequencer has one giver
    assume (!take_i || any);       // its duty
    if (started) begin
      if (!full) begin
        assert (any == (there != 0));                  // none lost, none made up
        assert (!take_i || there != 0);                // never below zero
        assert (32'(dut.count) == tokens && tokens < 32'd1023);
      end else begin
        assert (any && dut.count == 10'd1023);
      end
      cover (tokens == 32'd3 && now_i && take_i);
    end
  end
endmodule
