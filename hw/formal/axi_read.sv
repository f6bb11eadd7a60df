// The read master against any memory that keeps the protocol: bursts stay inside
// the transfer and inside 4 KiB, addresses wait unchanged, the FIFO never
// overflows, no beat is asked for twice or missed.
module axi_read_properties (
  input logic clk_i,
  input logic rst_i,
  input logic start_i,
  input logic [28:0] address_i,
  input logic [16:0] beats_i,
  input logic abort_i,
  input logic pop_i,
  input logic arready_i,
  input logic rvalid_i,
  input logic [0:0] rdata_i,
  input logic rerror_i
);
  localparam int unsigned Depth = 64;
  logic busy, error, stuck, valid, arvalid, rready;
  logic [0:0] data;
  logic [31:0] araddr;
  logic [3:0] arlen;
  bnn_axi_read #(.WIDTH(1), .WATCHDOG(64), .DEPTH(Depth)) dut (
    .clk_i, .rst_i, .start_i, .address_i, .beats_i, .abort_i, .busy_o(busy), .error_o(error),
    .stuck_o(stuck), .valid_o(valid), .data_o(data), .pop_i, .arvalid_o(arvalid), .arready_i,
    .araddr_o(araddr), .arlen_o(arlen), .rvalid_i, .rready_o(rready), .rdata_i, .rerror_i);

  logic started = 1'b0, active = 1'b0, waited = 1'b0;
  logic [31:0] waiting_address;
  logic [3:0] waiting_length;
  logic [29:0] next, last;    // beats: the next address due, the end of the transfer
  logic [29:0] asked;         // beats up to here have an address, or one that waits
  logic [9:0] owed;           // beats that the memory owes
  logic [7:0] held;           // beats in the FIFO
  logic aborted = 1'b0;       // the cycle before had an abort
  logic stale = 1'b0;         // an abort came, and none has lasted until all was drained

  assign asked = arvalid ? next + 30'(arlen) + 30'd1 : next;
  always_ff @(posedge clk_i) begin
    started <= 1'b1;
    waited  <= arvalid && !arready_i && !rst_i;
    waiting_address <= araddr;
    waiting_length  <= arlen;
    if (start_i) begin
      active <= 1'b1;
      next   <= {1'b0, address_i};
      last   <= {1'b0, address_i} + 30'(beats_i);
    end else if (arvalid && arready_i) next <= next + 30'(arlen) + 30'd1;
    owed <= owed + (arvalid && arready_i ? 10'(arlen) + 10'd1 : 10'd0) - 10'(rvalid_i);
    held <= abort_i ? '0 : held + 8'(rvalid_i) - 8'(pop_i && valid);
    aborted <= abort_i && !rst_i;
    stale   <= !rst_i && (abort_i ? busy : stale);
    if (abort_i) active <= 1'b0;
    if (rst_i) begin
      active <= 1'b0;
      owed   <= '0;
      held   <= '0;
    end
  end

  always_comb begin
    assume (started || rst_i);
    // One transfer at a time, inside the address space, after all was drained.
    if (start_i) begin
      assume (started && !busy && !valid && !abort_i && !rst_i && beats_i != 0);
      assume ({1'b0, address_i} + 30'(beats_i) <= 30'h2000_0000);
    end
    // A legal memory answers what it owes.
    assume (!rvalid_i || owed != 0);
    // A start, and pops, only after an abort that lasted until all was drained.
    assume (!stale || abort_i || (!start_i && !pop_i));
    if (started && !rst_i) begin
      assert (rready);
      if (waited) assert (arvalid && araddr == waiting_address && arlen == waiting_length);
      if (arvalid) begin
        assert (araddr[2:0] == 3'd0);
        assert ({1'b0, araddr[11:3]} + 10'(arlen) < 10'd512);
        if (active) begin
          assert (30'(araddr[31:3]) == next);
          assert (next + 30'(arlen) < last);
        end
      end
      assert (32'(held) <= Depth);
      if (active && !busy) assert (next == last);
      // What induction needs: the master's registers in terms of the bus's history.
      assert (8'(dut.count) == held);
      if (aborted || stale) begin
        assert (32'(dut.credit) == Depth && dut.left == 0 && 32'(held) + 32'(dut.due) <= Depth);
        assert (!aborted || held == 0);
        assert (stale || dut.due == 0);
      end else assert (32'(dut.credit) + 32'(held) + 32'(dut.due) == Depth);
      if (active) begin
        assert (30'(dut.address) == asked || dut.left == 0);
        assert (asked + 30'(dut.left) == last);
        assert (last <= 30'h2000_0000);
      end else assert (dut.left == 0);
      assert (30'(owed) + (asked - next) == 30'(dut.due));
      cover (active && valid && owed == 0 && !arvalid && next == last && beats_i == 17'd3);
    end
  end
endmodule
