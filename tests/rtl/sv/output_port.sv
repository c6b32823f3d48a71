// Batches leave in order, so many bytes a cycle, from the cycle on in which they come.
module output_port import types::*; #(int BATCHES = 8) (
  input logic clk, reset,
  input word out_bytes, out_rate,
  input logic push,
  input word queries,
  output logic ends                   // the last bytes of a batch leave in this cycle
);
  word waiting [BATCHES], count, left, now;
  logic [$clog2(BATCHES)-1:0] head;
  logic takes;

  assign takes = left == 0 && (count != 0 || push);
  assign now = takes ? (count != 0 ? waiting[head] : queries) * out_bytes : left;
  assign ends = now != 0 && now <= out_rate;
  always_ff @(posedge clk) begin
    left <= now > out_rate ? now - out_rate : 0;
    if (push) waiting[head + ($clog2(BATCHES))'(count)] <= queries;
    if (takes) head <= head + 1;
    count <= count + 32'(push) - 32'(takes);
    if (reset) {left, count, head} <= '0;
  end
endmodule
