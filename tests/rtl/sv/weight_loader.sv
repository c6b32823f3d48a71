// Two banks of weights of a tile; a row a cycle comes from the weight memory, whose address is the tile and the row.
//
// With a double buffer the next tile loads while this one works; the first tile of all is there before the first query.
module weight_loader import types::*; #(int ROWS = 16, int COLS = 16) (
  input logic clk, reset,
  input config_t cfg,
  input logic buffered,
  input logic loading,                // a row may come in this cycle
  input logic swap,                   // the tile's work ends with this cycle
  output word tile, row,
  input byte row_weights [COLS],
  output logic loaded,                // the tile is there
  output logic complete,              // it is with the row of this cycle
  output logic [ROWS-1:0][COLS-1:0][7:0] weight
);
  logic [ROWS-1:0][COLS-1:0][7:0] bank [2];
  logic [COLS-1:0][7:0] new_row;
  logic shown, target;
  word rows;

  always_comb for (int c = 0; c < COLS; c++) new_row[c] = row_weights[c];
  assign rows = cfg.rows - (cfg.fault == SHORT_LOAD ? 1 : 0);
  assign target = shown ^ buffered;
  assign complete = loaded || (loading && row + 1 >= rows);
  assign weight = bank[shown];
  always_ff @(posedge clk) begin
    if (loading && !loaded) begin
      bank[target][$clog2(ROWS)'(row)] <= new_row;
      row <= row + 1;
      loaded <= complete;
    end
    if (swap) begin
      shown <= target;
      row <= 0;
      loaded <= 0;
      tile <= tile == cfg.tiles - 1 ? 0 : tile + 1;
    end
    if (reset) {shown, row, loaded, tile} <= '0;
  end
endmodule
