// AXI4 read master: one transfer of whole 8-byte beats at a time, cut into INCR
// bursts that end at multiples of 16 beats (so never longer than AXI3 allows and
// never across 4 KiB). A burst is asked for only when the FIFO has room for all
// of it: RREADY is constant, and several bursts are under way at once.
module bnn_axi_read #(
  parameter int unsigned WIDTH = 64,         // bits of a beat (the bus: 64; proofs: fewer)
  parameter int unsigned WATCHDOG = 65536,  // cycles without progress that trap
  parameter int unsigned DEPTH = 64         // beats; latency + 16 for a beat a cycle
) (
  input  logic        clk_i,
  input  logic        rst_i,
  // A transfer: the AR of its first burst is valid two cycles after start_i.
  input  logic        start_i,
  input  logic [28:0] address_i,  // in beats
  input  logic [16:0] beats_i,
  input  logic        abort_i,    // level: ask for nothing more, drop what comes
  output logic        busy_o,     // asked for and not come yet, or still to be asked for
  output logic        error_o,    // pulse: the memory answered with an error
  output logic        stuck_o,    // pulse: WATCHDOG cycles without progress
  // Beats in order.
  output logic        valid_o,
  output logic [WIDTH-1:0] data_o,
  input  logic        pop_i,

  output logic        arvalid_o,
  input  logic        arready_i,
  output logic [31:0] araddr_o,
  output logic [3:0]  arlen_o,
  input  logic        rvalid_i,
  output logic        rready_o,
  input  logic [WIDTH-1:0] rdata_i,
  input  logic        rerror_i   // RRESP[1]
);
  localparam int unsigned BITS = $clog2(DEPTH);
  logic [28:0] address;    // of the next burst
  logic [16:0] left;       // beats not asked for
  logic [BITS:0] credit;   // FIFO places that are neither filled nor promised
  logic [BITS:0] due;      // beats asked for that have not come
  logic [$clog2(WATCHDOG):0] quiet;
  logic [4:0] room, length;
  logic issue, pop, arrive;

  assign room   = 5'd16 - {1'b0, address[3:0]};
  assign length = 17'(room) < left ? room : left[4:0];
  assign issue   = left != 0 && !abort_i && (!arvalid_o || arready_i) &&
                   credit >= (BITS+1)'(length);
  assign rready_o = 1'b1;
  assign arrive  = rvalid_i;
  assign pop     = pop_i && valid_o;
  assign busy_o  = left != 0 || due != 0 || arvalid_o;
  assign error_o = rvalid_i && rerror_i;
  assign stuck_o = quiet[$clog2(WATCHDOG)];

  // verilator lint_off UNUSEDSIGNAL
  logic [BITS:0] count;  // `credit` knows what is promised as well
  // verilator lint_on UNUSEDSIGNAL
  bnn_fifo #(.WIDTH(WIDTH), .DEPTH(DEPTH)) fifo (
    .clk_i, .rst_i(rst_i || abort_i), .push_i(arrive), .data_i(rdata_i),
    .pop_i(pop), .valid_o, .data_o, .count_o(count));

  always_ff @(posedge clk_i) begin
    if (arready_i) arvalid_o <= 1'b0;
    if (issue) begin
      arvalid_o <= 1'b1;
      araddr_o  <= {address, 3'b0};
      arlen_o   <= 4'(length - 5'd1);
      address   <= address + 29'(length);
      left      <= left - 17'(length);
    end
    due    <= due + (issue ? (BITS+1)'(length) : '0) - (BITS+1)'(arrive);
    credit <= credit - (issue ? (BITS+1)'(length) : '0) + (BITS+1)'(pop);
    quiet  <= (due == 0 || arrive || (arvalid_o && arready_i) || stuck_o) ? '0 : quiet + 1'b1;
    if (start_i) begin
      address <= address_i;
      left    <= beats_i;
    end
    if (abort_i) begin  // what is under way comes and is dropped
      left   <= '0;
      credit <= (BITS+1)'(DEPTH);
    end
    if (rst_i) begin
      arvalid_o <= 1'b0;
      left      <= '0;
      due       <= '0;
      credit    <= (BITS+1)'(DEPTH);
      quiet     <= '0;
    end
  end
endmodule
