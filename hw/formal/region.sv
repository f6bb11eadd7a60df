// bnn_region against integers that cannot wrap: `ok_o` exactly if the transfer lies
// in its region and ends before the last beat of the address space. Registers that
// change meanwhile may move a transfer, but never past that end.
module region_properties
  import bnn_isa_pkg::*;
(
  input logic clk_i,
  input logic rst_i,
  input logic start_i,
  input logic [31:0] window_i,
  input region_e region_i,
  input logic [25:0] first_i,
  input logic [15:0] beats_i,
  input logic [3:0][28:0] base_i,
  input logic [3:0][28:0] size_i,
  input logic [28:0] input_stride_i,
  input logic [28:0] output_stride_i,
  input logic steady_i  // free: whether the registers keep their values
);
  localparam logic [63:0] Space = 64'h2000_0000;  // beats in the address space
  logic ok, outside;
  logic [28:0] address;
  bnn_region dut (
    .clk_i, .rst_i, .start_i, .window_i, .region_i, .first_i, .beats_i, .base_i, .size_i,
    .input_stride_i, .output_stride_i, .ok_o(ok), .outside_o(outside), .address_o(address));

  logic started = 1'b0, checking = 1'b0, steady = 1'b0;
  logic [31:0] window;          // the window of the offsets
  logic [63:0] input_offset, output_offset;  // window * stride: below 2^61
  logic [31:0] wanted;
  region_e region;
  logic [25:0] first;
  logic [15:0] beats;
  logic [3:0][28:0] base, size;
  logic [28:0] input_stride, output_stride;
  logic [63:0] offset, ends, begins;
  logic [2:0] since;            // cycles since the start but those that skip a window
  logic arrived;

  assign offset = region == REGION_INPUT ? input_offset :
                  region == REGION_OUTPUT ? output_offset : 64'd0;
  assign begins = offset + 64'(first);
  assign ends   = begins + 64'(beats);
  assign arrived = (start_i ? window_i : wanted) == window;
  always_ff @(posedge clk_i) begin
    started <= 1'b1;
    if (!started) steady <= steady_i;
    {base, size} <= {base_i, size_i};
    {input_stride, output_stride} <= {input_stride_i, output_stride_i};
    if (start_i) begin
      checking <= 1'b1;
      wanted   <= window_i;
      region   <= region_i;
      first    <= first_i;
      beats    <= beats_i;
    end else if (ok || outside) checking <= 1'b0;
    if ((start_i || checking) && !arrived) begin
      window        <= window + 32'd1;
      input_offset  <= input_offset + 64'(input_stride_i);
      output_offset <= output_offset + 64'(output_stride_i);
    end
    since <= start_i ? 3'd1 : arrived && since != 3'd7 ? since + 3'd1 : since;
    if (rst_i) begin
      checking <= 1'b0;
      window   <= '0;
      wanted   <= '0;
      since    <= '0;
      input_offset  <= '0;
      output_offset <= '0;
    end
  end

  always_comb begin
    assume (started || rst_i);
    if (start_i) assume (started && !rst_i && !checking && window_i >= window);
    if (start_i) assume (beats_i != 16'd0);  // checked as the instruction is fetched
    if (started && !rst_i && steady) assume ({base, size, input_stride, output_stride} ==
                                             {base_i, size_i, input_stride_i, output_stride_i});
    if (started && !rst_i) begin
      if (ok) assert (64'(address) + 64'(beats) < Space);  // what the AXI masters assume
      if (ok && steady) begin
        assert (ends <= 64'(size_i[region]));
        assert (64'(address) == 64'(base_i[region]) + begins);
      end
      if (outside && steady)
        assert (ends > 64'(size_i[region]) || 64'(base_i[region]) + ends >= Space);
      assert (!(ok && outside));
      assert ((ok || outside) == (checking && since == 3'd3));  // exactly one, in time
      cover (ok && region == REGION_INPUT && wanted == 32'd2 && offset == 64'd6);
      cover (outside && offset > 64'h4000_0000);
      cover (ok && 64'(address) + 64'(beats) == Space - 64'd1 && beats > 16'd20);

      // What induction needs.
      assert (dut.window == window && window <= wanted);
      assert (input_offset <= {3'd0, window, 29'd0} && output_offset <= {3'd0, window, 29'd0});
      assert (dut.input_offset[29] == (input_offset >= Space));
      assert (dut.output_offset[29] == (output_offset >= Space));
      if (!dut.input_offset[29]) assert (64'(dut.input_offset) == input_offset);
      if (!dut.output_offset[29]) assert (64'(dut.output_offset) == output_offset);
      if (checking) begin
        assert ({dut.first, dut.beats, dut.which, dut.wanted} == {first, beats, region, wanted});
        assert (since != 0 && since <= 3'd3);
        assert (dut.stage == (3'b001 << (since - 3'd1)));
        if (since != 3'd1) assert (window == wanted);
        if (since == 3'd2)
          assert (64'(dut.begins) == (offset >= Space ? Space : begins));
        if (since == 3'd3) assert (64'(dut.ends) == (offset >= Space ? Space : begins) + 64'(beats));
        if (since == 3'd3 && steady) begin
          assert (dut.address[29] == (64'(base_i[region]) + begins >= Space));
          if (!dut.address[29]) assert (64'(dut.address) == 64'(base_i[region]) + begins);
        end
      end else assert (dut.stage == 3'b000);
    end
  end
endmodule
