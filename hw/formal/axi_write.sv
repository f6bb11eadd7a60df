// The write master against any legal memory: bursts stay inside the transfer and
// inside 4 KiB, every channel waits unchanged, WLAST marks each burst's end, no
// beat goes out without its address, and after an abort nothing is written.
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
  input logic berror_i
);
  logic busy, done, error, stuck, moved, awvalid, wvalid, wlast, bready;
  logic [31:0] awaddr;
  logic [3:0] awlen;
  logic [0:0] wdata;
  logic [7:0] wstrb;
  logic [4:0] count;
  bnn_axi_write #(.WIDTH(1), .WATCHDOG(64), .DEPTH(16)) dut (
    .clk_i, .rst_i, .start_i, .address_i, .beats_i, .abort_i, .busy_o(busy), .done_o(done),
    .error_o(error), .stuck_o(stuck), .moved_o(moved), .push_i, .data_i, .count_o(count),
    .awvalid_o(awvalid), .awready_i, .awaddr_o(awaddr), .awlen_o(awlen), .wvalid_o(wvalid),
    .wready_i, .wdata_o(wdata), .wstrb_o(wstrb), .wlast_o(wlast), .bvalid_i, .bready_o(bready),
    .berror_i);

  logic started = 1'b0, active = 1'b0, aw_waited = 1'b0, w_waited = 1'b0, aborted = 1'b0;
  logic [31:0] aw_address;
  logic [3:0] aw_length;
  logic [9:0] w_beat;
  logic [29:0] next, last;   // beats: the next address due, the end of the transfer
  logic [7:0][3:0] lengths;  // of the bursts addressed and not all sent
  logic [3:0] bursts, unanswered;
  logic [3:0] place;         // of the next beat in its burst
  logic taken, sent;
  logic [19:0] dropped;      // beats that an abort took back
  logic [19:0] queued;       // beats addressed and not sent
  always_comb begin
    queued = 20'(0) - 20'(place);
    for (int i = 0; i < 8; ++i)
      if (4'(i) < bursts) queued = queued + 20'(lengths[i]) + 20'd1;
  end

  assign taken = awvalid && awready_i;
  assign sent  = wvalid && wready_i;
  always_ff @(posedge clk_i) begin
    started <= 1'b1;
    aw_waited <= awvalid && !awready_i && !rst_i;
    aw_address <= awaddr;
    aw_length  <= awlen;
    w_waited <= wvalid && !wready_i && !rst_i;
    w_beat   <= {wlast, wstrb, wdata};
    aborted  <= abort_i && !rst_i;
    if (start_i) begin
      active <= 1'b1;
      next   <= {1'b0, address_i};
      last   <= {1'b0, address_i} + 30'(beats_i);
    end else if (taken) next <= next + 30'(awlen) + 30'd1;
    if (taken) lengths[3'(bursts - 4'(sent && wlast))] <= awlen;
    if (sent && wlast) begin
      for (int i = 0; i < 7; ++i)
        if (!(taken && 3'(i) == 3'(bursts - 4'd1))) lengths[i] <= lengths[i+1];
    end
    bursts <= bursts + 4'(taken) - 4'(sent && wlast);
    unanswered <= unanswered + 4'(sent && wlast) - 4'(bvalid_i);
    if (sent) place <= wlast ? '0 : place + 4'd1;
    if (start_i) dropped <= '0;
    else if (abort_i) begin
      active  <= 1'b0;
      dropped <= dropped + 20'(dut.left);
    end
    if (rst_i) begin
      active <= 1'b0;
      dropped <= '0;
      bursts <= '0;
      unanswered <= '0;
      place <= '0;
    end
  end

  always_comb begin
    assume (started || rst_i);
    if (start_i) begin
      assume (started && !busy && count == 0 && !abort_i && !rst_i && !aborted && beats_i != 0);
      assume ({1'b0, address_i} + 30'(beats_i) <= 30'h2000_0000);
    end
    assume (!aborted || abort_i || rst_i);      // an abort lasts until the reset
    assume (!push_i || count < 5'd16);          // the pusher's duty
    assume (!bvalid_i || unanswered != 0);      // a legal memory answers what it got
    if (started && !rst_i) begin
      assert (bready);
      if (aw_waited) assert (awvalid && awaddr == aw_address && awlen == aw_length);
      if (w_waited) assert (wvalid && {wlast, wstrb, wdata} == w_beat);
      if (awvalid) begin
        assert (awaddr[2:0] == 3'd0);
        assert ({1'b0, awaddr[11:3]} + 10'(awlen) < 10'd512);
        if (active) assert (30'(awaddr[31:3]) == next && next + 30'(awlen) < last);
      end
      assert (bursts <= 4'd8);
      if (wvalid) begin
        assert (bursts != 0);
        assert (wlast == (place == lengths[0]));
        assert (wstrb == 8'h00 || wstrb == 8'hff);
        if (aborted && !w_waited) assert (wstrb == 8'h00);
      end
      if (done) assert (bvalid_i && next == last && bursts == 0);
      cover (done);
      // What induction needs: the master's registers in terms of the bus's history.
      assert (dut.ahead == bursts);
      assert (5'(unanswered) + 5'(bursts) + 5'(awvalid) == 5'(dut.answers));
      assert (dut.answers <= 4'd8);
      assert (place <= lengths[0] || bursts == 0);
      if (bursts == 0) assert (place == 0);
      if (active) begin
        assert (next + (awvalid ? 30'(awlen) + 30'd1 : 30'd0) + 30'(dut.left) == last);
        assert (last <= 30'h2000_0000 && dropped == 0);
        if (dut.left != 0)
          assert (30'(dut.address) == next + (awvalid ? 30'(awlen) + 30'd1 : 30'd0));
      end else assert (dut.left == 0);
      assert (20'(dut.unsent) == 20'(dut.left) + (awvalid ? 20'(awlen) + 20'd1 : 20'd0) + queued + dropped);
      // Every burst ends at 16 beats but the transfer's last; so does the next one begin.
      for (int i = 0; i < 8; ++i)
        if (4'(i) < bursts && (4'(i) + 4'd1 < bursts || awvalid || dut.left != 0 || dropped != 0))
          assert (lengths[i] == (i == 0 ? place + 4'd15 - dut.place : 4'd15));
      if (bursts == 4'd1) assert (5'(dut.place) + 5'(lengths[0]) - 5'(place) <= 5'd15);
      if (awvalid) begin
        assert (awaddr[6:3] == (bursts != 0 ? 4'd0 : dut.place));
        assert (awaddr[6:3] + awlen == 4'd15 || (dut.left == 0 && dropped == 0));
        assert (5'(awaddr[6:3]) + 5'(awlen) <= 5'd15);
      end
      if (dut.left != 0) assert (dut.address[3:0] == (bursts != 0 || awvalid ? 4'd0 : dut.place));
    end
  end
endmodule
