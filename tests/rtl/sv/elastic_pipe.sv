// Pipeline of `stages` registers (0 to MAX) with valid and ready: bubbles close while its end waits.
module elastic_pipe #(int W = 8, int MAX = 8) (
  input logic clk, reset,
  input types::word stages,
  input logic in_valid, output logic in_ready, input logic [W-1:0] in_data,
  output logic out_valid, input logic out_ready, output logic [W-1:0] out_data
);
  logic [MAX-1:0][W-1:0] data, next_data;
  logic [MAX-1:0] full, next_full;
  logic [MAX:0] free;  // the register can take something at the end of this cycle; free[MAX] is what follows
  int entry;

  assign entry = MAX - int'(stages);
  always_comb begin
    free[MAX] = out_ready;
    for (int i = MAX - 1; i >= 0; i--) free[i] = !full[i] || free[i+1];
  end
  assign in_ready = free[entry];
  assign out_valid = stages == 0 ? in_valid : full[MAX-1];
  assign out_data = stages == 0 ? in_data : data[MAX-1];

  always_comb begin
    next_data = data;
    next_full = full;
    for (int i = 0; i < MAX; i++) begin
      if (i >= entry && free[i]) begin
        next_data[i] = i == entry ? in_data : data[i-1];
        next_full[i] = i == entry ? in_valid : full[i-1];
      end
    end
  end
  always_ff @(posedge clk) begin
    data <= next_data;
    full <= reset ? '0 : next_full;
  end
endmodule
