// Array of the dataflow layer_serial: a query a cycle passes all multipliers, its sums leave an adder tree behind them.
module layer_serial import types::*; #(int ROWS = 16, int COLS = 16, int TAG = 8) (
  input logic clk, reset,
  input word pipeline_depth,
  input logic in_valid,
  input logic [TAG-1:0] in_tag,
  input int x [ROWS],
  input logic [ROWS-1:0][COLS-1:0][7:0] weight,
  output logic out_valid,
  output logic [TAG-1:0] out_tag,
  output logic [COLS-1:0][31:0] sum
);
  logic [COLS-1:0][31:0] product;
  int total [COLS];
  always_comb begin
    for (int c = 0; c < COLS; c++) total[c] = 0;
    if (in_valid) begin
      for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < COLS; c++) total[c] += x[r] * int'($signed(weight[r][c]));
    end
    for (int c = 0; c < COLS; c++) product[c] = total[c];
  end
  delay_line #(TAG + COLS * 32, 64) adder_tree (
    clk, reset, pipeline_depth - 1, in_valid, {in_tag, product}, out_valid, {out_tag, sum}
  );
endmodule
