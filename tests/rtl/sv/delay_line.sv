// What comes in leaves `cycles` (0 to MAX) later: a ring, which nothing ever stalls.
module delay_line #(int W = 8, int MAX = 32) (
  input logic clk, reset,
  input types::word cycles,
  input logic in_valid, input logic [W-1:0] in_data,
  output logic out_valid, output logic [W-1:0] out_data
);
  logic [W-1:0] ring [MAX];
  logic [MAX-1:0] valid;
  logic [$clog2(MAX)-1:0] head;

  assign out_valid = cycles == 0 ? in_valid : valid[($clog2(MAX))'(cycles - 1)];
  assign out_data = cycles == 0 ? in_data : ring[head - ($clog2(MAX))'(cycles)];

  always_ff @(posedge clk) begin
    ring[head] <= in_data;
    head <= reset ? '0 : head + 1;
    valid <= reset ? '0 : {valid[MAX-2:0], in_valid};
  end
endmodule
