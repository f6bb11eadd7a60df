// The place of a transfer in memory, and whether all of it lies in its region and
// in the 32-bit address space (whose last beat is nobody's: that spares an adder):
// started in cycle c, `ok_o` or `outside_o` is a pulse in cycle c + 3 (one more
// for each window but the first that was skipped). Everything in beats of 8 bytes.
module bnn_region
  import bnn_isa_pkg::*;
(
  input  logic             clk_i,
  input  logic             rst_i,      // also before each start of code: window 0
  input  logic             start_i,
  input  logic [31:0]      window_i,   // never falls between resets
  input  region_e          region_i,
  input  logic [25:0]      first_i,
  input  logic [15:0]      beats_i,
  input  logic [3:0][28:0] base_i,
  input  logic [3:0][28:0] size_i,
  input  logic [28:0]      input_stride_i,
  input  logic [28:0]      output_stride_i,
  output logic             ok_o,
  output logic             outside_o,
  output logic [28:0]      address_o
);
  logic [31:0] window;                        // the window of the offsets
  logic [29:0] input_offset, output_offset;   // bit 29: past every region
  logic [2:0] stage;
  logic [25:0] first;
  logic [15:0] beats;
  region_e which;
  logic [31:0] wanted, target;
  logic [29:0] begins, offset;
  logic [30:0] ends;
  logic [29:0] address;
  logic behind, wraps, fits;

  assign target = start_i ? window_i : wanted;
  assign behind = (start_i || stage[0]) && window != target;
  always_comb begin
    unique case (which)
      REGION_INPUT:  offset = input_offset;
      REGION_OUTPUT: offset = output_offset;
      default:       offset = '0;
    endcase
  end
  // The address itself is judged, so no register value and no change of one gets by.
  assign wraps = address[29] || (&address[28:16] && beats > ~address[15:0]);
  assign fits = ends <= 31'(size_i[which]) && !wraps;
  assign ok_o = stage[2] && fits;
  assign outside_o = stage[2] && !fits;
  assign address_o = address[28:0];

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      first  <= first_i;
      beats  <= beats_i;
      which  <= region_i;
      wanted <= window_i;
    end
    if (behind) begin
      window <= window + 1'b1;
      input_offset  <= input_offset[29] ? input_offset : input_offset + 30'(input_stride_i);
      output_offset <= output_offset[29] ? output_offset : output_offset + 30'(output_stride_i);
    end
    stage[0] <= start_i || behind;
    stage[1] <= stage[0] && !behind;
    stage[2] <= stage[1];
    // An offset past every region stays past: its bit 29 survives the sums.
    begins  <= offset[29] ? {1'b1, 29'b0} : offset + 30'(first);
    ends    <= 31'(begins) + 31'(beats);
    address <= begins[29] ? begins : 30'(base_i[which]) + begins;
    if (rst_i) begin
      window <= '0;
      input_offset  <= '0;
      output_offset <= '0;
      stage <= '0;
    end
  end
endmodule
