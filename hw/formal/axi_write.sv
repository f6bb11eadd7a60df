// The write master against any memory that keeps the protocol. Beats are counted
// by their addresses: `next` is due on AW, `place` on W, `first` and `last` bound
// the transfer.
module axi_write_properties (
  input logic clk_i,
  input logic rst_i,
  input logic start_i,
  input logic [28:0] address_i,
  input logic [15:0] beats_i,
  input logic abort_i,
  input logic push_i,
  input logic [0:0] data_i,
  input logic awready_i,
  input logic wready_i,
  input logic bvalid_i,
  input logic berror_i,
  input logic watch_i  // free: watch the burst whose address goes out now
);
  localparam int unsigned Depth = 32;
  logic busy, done, error, stuck, moved, awvalid, wvalid, wlast, bready;
  logic [31:0] awaddr;
  logic [3:0] awlen;
  logic [0:0] wdata;
  logic [7:0] wstrb;
  logic [$clog2(Depth):0] count;
  bnn_axi_write #(.WIDTH(1), .WATCHDOG(64), .DEPTH(Depth)) dut (
    .clk_i, .rst_i, .start_i, .address_i, .beats_i, .abort_i, .busy_o(busy), .done_o(done),
    .error_o(error), .stuck_o(stuck), .moved_o(moved), .push_i, .data_i, .count_o(count),
    .awvalid_o(awvalid), .awready_i, .awaddr_o(awaddr), .awlen_o(awlen), .wvalid_o(wvalid),
    .wready_i, .wdata_o(wdata), .wstrb_o(wstrb), .wlast_o(wlast), .bvalid_i, .bready_o(bready),
    .berror_i);

  logic started = 1'b0;
  logic active = 1'b0;     // a transfer that is not done and was not aborted
  logic aborted = 1'b0;    // it was, and has not drained
  logic aw_waited = 1'b0, w_waited = 1'b0;
  logic [31:0] aw_address;
  logic [3:0] aw_length;
  logic [9:0] w_beat;
  logic [29:0] first, next, place, last;  // beats
  logic [3:0] unanswered;  // bursts sent whole and without their response
  logic taken, sent;
  assign taken = awvalid && awready_i;
  assign sent  = wvalid && wready_i;

  logic watching = 1'b0;
  logic [29:0] watched_last;  // the watched burst's last beat
  logic [29:0] watched_first;

  always_ff @(posedge clk_i) begin
    started <= 1'b1;
    aw_waited  <= awvalid && !awready_i && !rst_i;
    aw_address <= awaddr;
    aw_length  <= awlen;
    w_waited   <= wvalid && !wready_i && !rst_i;
    w_beat     <= {wlast, wstrb, wdata};
    if (start_i) begin
      active <= 1'b1;
      first  <= {1'b0, address_i};
      next   <= {1'b0, address_i};
      place  <= {1'b0, address_i};
      last   <= {1'b0, address_i} + 30'(beats_i);
    end else begin
      if (taken) next <= next + 30'(awlen) + 30'd1;
      if (sent) place <= place + 30'd1;
    end
    unanswered <= unanswered + 4'(sent && wlast) - 4'(bvalid_i);
    if (taken && watch_i && !watching) begin
      watching      <= 1'b1;
      watched_first <= {1'b0, awaddr[31:3]};
      watched_last  <= {1'b0, awaddr[31:3]} + 30'(awlen);
    end else if (sent && place == watched_last) watching <= 1'b0;
    aborted <= (aborted || abort_i) && busy;
    if (abort_i || done) active <= 1'b0;
    if (rst_i) begin
      active     <= 1'b0;
      aborted    <= 1'b0;
      watching   <= 1'b0;
      unanswered <= '0;
      first      <= '0;
      next       <= '0;
      place      <= '0;
      last       <= '0;
    end
  end

  logic [29:0] asked;  // beats up to here have an address, or one that waits
  logic [4:0] spans;   // blocks of 16 beats that [place, next) touches
  assign asked = awvalid ? next + 30'(awlen) + 30'd1 : next;
  assign spans = place == next ? 5'd0 : 5'((next - 30'd1) >> 4) - 5'(place >> 4) + 5'd1;

  always_comb begin
    assume (started || rst_i);
    // One transfer at a time, inside the address space, after all was drained.
    if (start_i) begin
      assume (started && !rst_i && !active && !busy && !abort_i && !aborted && count == 0);
      assume (beats_i != 0 && {1'b0, address_i} + 30'(beats_i) <= 30'h2000_0000);
    end
    assume (!push_i || 32'(count) < Depth);  // the pusher's duty
    assume (!bvalid_i || unanswered != 0);   // a memory answers what it got
    if (started && !rst_i) begin
      assert (bready);
      // A channel that waits does not change.
      if (aw_waited) assert (awvalid && awaddr == aw_address && awlen == aw_length);
      if (w_waited) assert (wvalid && {wlast, wstrb, wdata} == w_beat);
      // Bursts follow each other inside the transfer, inside 4 KiB.
      if (awvalid) begin
        assert (awaddr[2:0] == 3'd0 && 30'(awaddr[31:3]) == next && asked <= last);
        assert ({1'b0, awaddr[11:3]} + 10'(awlen) < 10'd512);
      end
      // Beats go out after their address, WLAST with the last of each burst.
      if (wvalid) begin
        assert (place < next);
        if (watching && place >= watched_first && place <= watched_last)
          assert (wlast == (place == watched_last));
        assert (wstrb == 8'h00 || wstrb == 8'hff);
        if (aborted && !w_waited) assert (wstrb == 8'h00);
        if (active) assert (wstrb == 8'hff);
      end
      if (moved) assert (count != 0);
      // `done` with the last response, and only then; what drained is over.
      if (active) assert (done == (bvalid_i && unanswered == 4'd1 && place == last));
      if (done) assert (next == last && place == last);
      if (!busy) assert (place == next && unanswered == 0);
      cover (done && first[3:0] == 4'd14 && last - first == 30'd3);  // two bursts
      cover (aborted && !busy && place - first == 30'd3);

      // What induction needs: the master's registers by the bus's history.
      assert (first <= place && place <= next && asked <= last && last <= 30'h2000_0000);
      assert (next == first || next[3:0] == 4'd0 || next == last);
      if (awvalid) begin
        assert (asked[3:0] == 4'd0 || asked == last);
        assert (5'(awaddr[6:3]) + 5'(awlen) <= 5'd15);
      end
      assert (5'(dut.ahead) == spans && next - place <= 30'd128);
      assert (5'(dut.answers) == spans + 5'(unanswered) + 5'(awvalid));
      assert (dut.answers <= 4'd8);
      if (dut.aborted) assert (dut.left == 0);
      if (active) assert (asked + 30'(dut.left) == last);
      else assert (dut.left == 0);
      if (dut.left != 0) assert (30'(dut.address) == asked);
      if (active || busy) assert (place + 30'(dut.unsent) == last && dut.place == place[3:0]);
      assert (dut.aborted == aborted);
      if (dut.flushing) assert (aborted);
      if (aborted) assert (!active);
      if (aborted && !dut.flushing) assert (w_waited);
      if (watching) begin
        assert (place <= watched_last && watched_last < next && watched_first <= watched_last);
        assert (first <= watched_first);
        assert (watched_last[3:0] == 4'd15 || watched_last + 30'd1 == last);
        assert (watched_first[29:4] == watched_last[29:4]);
      end
    end
  end
endmodule
