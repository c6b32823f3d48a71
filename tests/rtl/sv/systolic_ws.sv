// Array of the dataflow systolic_ws: weights stay, inputs move right, sums move down, `stages` registers an element.
//
// A token with the query's tag runs ahead of its wave: the element in row r and column c works on token[(r + c) * stages].
module systolic_ws import types::*; #(int ROWS = 16, int COLS = 16, int STAGES = 3, int TAG = 8) (
  input logic clk, reset, active,
  input word rows, stages,
  input logic in_valid,
  input logic [TAG-1:0] in_tag,
  output logic row_valid [ROWS], output logic [TAG-1:0] row_tag [ROWS],  // what each row reads in this cycle
  input int x [ROWS],
  input logic [ROWS-1:0][COLS-1:0][7:0] weight,
  output logic col_valid [COLS], output logic [TAG-1:0] col_tag [COLS],  // what leaves each column in this cycle
  output int sum [COLS]
);
  localparam int WAVE = (ROWS + COLS) * STAGES;
  typedef logic [ROWS-1:0][COLS*STAGES-1:0][31:0] moving_t;
  typedef logic [ROWS-1:0][COLS-1:0][STAGES-1:0][31:0] falling_t;
  logic [WAVE-1:0] valid;
  logic [WAVE-1:0][TAG-1:0] tag;
  moving_t inputs, next_inputs;
  falling_t sums, next_sums;
  int p, bottom;
  assign p = int'(stages);
  assign bottom = int'(rows) - 1;

  always_comb begin
    for (int r = 0; r < ROWS; r++) begin
      row_valid[r] = r == 0 ? in_valid : valid[r*p-1];
      row_tag[r] = r == 0 ? in_tag : tag[r*p-1];
    end
    for (int c = 0; c < COLS; c++) begin
      int at;
      at = (bottom + c + 1) * p - 1;
      col_valid[c] = at == 0 ? in_valid : valid[at-1];
      col_tag[c] = at == 0 ? in_tag : tag[at-1];
    end
  end

  // all registers of the elements as they are after this cycle
  always_comb begin
    next_inputs = inputs;
    next_sums = sums;
    if (active) begin
      for (int r = 0; r < ROWS; r++) begin
        next_inputs[r][0] = x[r];
        for (int t = 1; t < COLS * STAGES; t++) next_inputs[r][t] = inputs[r][t-1];
        for (int c = 0; c < COLS; c++) begin
          next_sums[r][c][0] = (r == 0 ? 0 : sums[r-1][c][p-1]) + (c == 0 ? x[r] : inputs[r][c*p-1]) * int'($signed(weight[r][c]));
          for (int t = 1; t < STAGES; t++) next_sums[r][c][t] = sums[r][c][t-1];
        end
      end
    end
    for (int c = 0; c < COLS; c++) sum[c] = next_sums[bottom][c][p-1];
  end
  always_ff @(posedge clk) begin
    valid <= reset ? '0 : {valid[WAVE-2:0], in_valid};
    tag <= {tag[WAVE-2:0], in_tag};
    if (active) begin
      inputs <= next_inputs;
      sums <= next_sums;
    end
  end
endmodule
