// The primitives whose inputs are not free, with every input that can occur.
module bnn_byte_adder_domain (
  input  logic [3:0][3:0] count_i,
  input  logic            binary_i,
  input  logic            inject_i,
  output logic [4:0]      x_o,
  output logic [4:0]      y_o
);
  logic [3:0][3:0] count;  // 0..8
  for (genvar k = 0; k < 4; ++k) begin : gen_count
    assign count[k] = count_i[k][3] ? 4'd8 : count_i[k];
  end
  bnn_byte_adder u_adder (
    .count_i(count),
    .binary_i,
    .inject_i,
    .x_o,
    .y_o
  );
endmodule

module bnn_dsp_simd_domain #(
  parameter int unsigned LANES = 2,
  parameter int unsigned AB_REGISTER = 1
) (
  input  logic        clk_i,
  input  logic        enable_i,
  input  logic [47:0] ab_i,
  input  logic [47:0] c_i,
  input  logic [1:0]  x_i,
  input  logic        keep_i,
  output logic [47:0] p_o
);
  bnn_dsp_simd #(
    .LANES(LANES),
    .AB_REGISTER(AB_REGISTER)
  ) u_dsp (
    .clk_i,
    .enable_i,
    .ab_i,
    .c_i,
    .x_i(x_i == 2'b01 ? 2'b00 : x_i),
    .keep_i,
    .p_o
  );
endmodule
