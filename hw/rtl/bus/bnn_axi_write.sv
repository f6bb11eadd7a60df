// AXI4 write master: one transfer of whole 8-byte beats at a time, cut into INCR
// bursts that end at multiples of 16 beats. `done_o` is the cycle of the last
// burst's response. After an abort the bursts already addressed are finished
// with empty strobes, also if the abort itself ends before them: no byte changes
// and the protocol holds.
module bnn_axi_write #(
  parameter int unsigned WIDTH = 64,  // bits of a beat (the bus: 64; proofs: fewer)
  parameter int unsigned WATCHDOG = 65536,
  parameter int unsigned DEPTH = 32  // beats of the FIFO in front of W
) (
  input  logic        clk_i,
  input  logic        rst_i,
  input  logic        start_i,    // AW of the first burst is valid two cycles later
  input  logic [28:0] address_i,  // in beats
  input  logic [15:0] beats_i,
  input  logic        abort_i,    // level
  output logic        busy_o,     // bursts without their response
  output logic        done_o,     // pulse: the transfer's last response is here
  output logic        error_o,    // pulse: the memory answered with an error
  output logic        stuck_o,    // pulse: WATCHDOG cycles without progress
  output logic        moved_o,    // a beat went out
  // Beats in order; the pusher keeps below DEPTH by `count_o`.
  input  logic        push_i,
  input  logic [WIDTH-1:0] data_i,
  output logic [$clog2(DEPTH):0] count_o,

  output logic        awvalid_o,
  input  logic        awready_i,
  output logic [31:0] awaddr_o,
  output logic [3:0]  awlen_o,
  output logic        wvalid_o,
  input  logic        wready_i,
  output logic [WIDTH-1:0] wdata_o,
  output logic [7:0]  wstrb_o,
  output logic        wlast_o,
  input  logic        bvalid_i,
  output logic        bready_o,
  input  logic        berror_i   // BRESP[1]
);
  logic [28:0] address;     // of the next burst
  logic [15:0] left;        // beats without an address
  logic [15:0] unsent;      // beats not on W yet
  logic [3:0] place;        // of the next W beat, in its 16 beats
  logic [3:0] ahead;        // bursts addressed whose beats are not all sent
  logic [3:0] answers;      // bursts addressed without their response
  logic [4:0] room, length;
  logic [$clog2(WATCHDOG):0] quiet;
  logic issue, taken, sent, valid, flushing;
  logic aborted, ending;    // after an abort, until no burst is under way

  assign room   = 5'd16 - {1'b0, address[3:0]};
  assign length = 16'(room) < left ? room : left[4:0];
  assign taken  = awvalid_o && awready_i;
  assign ending = abort_i || aborted;
  assign issue  = left != 0 && !abort_i && (!awvalid_o || awready_i) && answers < 4'd8;

  assign wvalid_o = ahead != 0 && (valid || flushing);
  assign wstrb_o  = flushing ? 8'h00 : 8'hff;
  assign wlast_o  = place == 4'd15 || unsent == 16'd1;
  assign sent     = wvalid_o && wready_i;
  assign moved_o  = sent && !flushing;
  assign bready_o = 1'b1;
  assign done_o   = bvalid_i && answers == 4'd1 && unsent == 0 && !flushing;
  assign error_o  = bvalid_i && berror_i;
  assign busy_o   = answers != 0 || awvalid_o;
  assign stuck_o  = quiet[$clog2(WATCHDOG)];

  bnn_fifo #(.WIDTH(WIDTH), .DEPTH(DEPTH)) fifo (
    .clk_i, .rst_i(rst_i || (ending && !busy_o)), .push_i(push_i && !ending), .data_i,
    .pop_i(sent && !flushing), .valid_o(valid), .data_o(wdata_o), .count_o);

  always_ff @(posedge clk_i) begin
    if (awready_i) awvalid_o <= 1'b0;
    if (issue) begin
      awvalid_o <= 1'b1;
      awaddr_o  <= {address, 3'b0};
      awlen_o   <= 4'(length - 5'd1);
      address   <= address + 29'(length);
      left      <= left - 16'(length);
    end
    ahead   <= ahead + 4'(taken) - 4'(sent && wlast_o);
    answers <= answers + 4'(issue) - 4'(bvalid_i);
    if (sent) begin
      place  <= place + 4'd1;
      unsent <= unsent - 16'd1;
    end
    // A beat that waits for its ready keeps its payload.
    aborted  <= ending;
    flushing <= flushing || (ending && !(wvalid_o && !wready_i));
    // No progress: an address, a beat or a response is late (a beat that the
    // engine itself has not read yet is not the memory's fault).
    quiet <= taken || sent || bvalid_i || stuck_o ||
             !(awvalid_o || wvalid_o || (answers != 0 && ahead == 0)) ? '0 : quiet + 1'b1;
    if (start_i) begin
      address <= address_i;
      left    <= beats_i;
      unsent  <= beats_i;
      place   <= address_i[3:0];
    end
    if (abort_i) left <= '0;
    if (rst_i || (ending && !busy_o)) begin
      awvalid_o <= 1'b0;
      left      <= '0;
      unsent    <= '0;
      ahead     <= '0;
      answers   <= '0;
      quiet     <= '0;
      flushing  <= 1'b0;
      aborted   <= 1'b0;
    end
  end
endmodule
