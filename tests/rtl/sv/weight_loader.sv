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
  output byte weight [ROWS][COLS]
);
  byte bank [2][ROWS][COLS];
  logic shown, target;
  word rows;

  assign rows = cfg.rows - (cfg.fault == SHORT_LOAD ? 1 : 0);
  assign target = shown ^ buffered;
  assign complete = loaded || (loading && row + 1 >= rows);
  assign weight = bank[shown];
  always_ff @(posedge clk) begin
    if (loading && !loaded) begin
      for (int c = 0; c < COLS; c++) bank[target][$clog2(ROWS)'(row)][c] <= row_weights[c];
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
