// MLP engine: a batch passes all matrices, tile after tile; one of two arrays multiplies.
//
// A tile ends when all queries have entered, the first result is back (the next tile may need it) and, with a double
// buffer, the next weights are there; in the systolic array when the last result has left the last column. A batch that
// has ended stays in the array until the output FIFO will have room for it. Integers stand for fp16: 32 bits, between
// matrices relu and a shift by 6.
module mlp_engine import types::*; #(int ROWS = 16, int COLS = 16, int STAGES = 3, int B = 16, int WIDTH = 32, int M = 4) (
  input logic clk, reset,
  input config_t cfg,
  input logic full, half,             // of the feature buffer
  input word batch_queries,
  output word read_slot [ROWS], read_feature [ROWS],  // of the feature buffer, for each row of the array
  input int feature [ROWS],
  input logic credit,                 // the output FIFO will have room when results come
  input byte row_weights [COLS],
  output word weight_tile, weight_row,
  output logic ready,                 // the first weights are there
  output logic starts, freed, releases, advances,
  output word released_queries
);
  typedef struct packed {
    logic [7:0] query, first_column, columns;
    logic add;                        // to what earlier tiles of the row have left
    logic last;                       // query of the batch
    logic to_result, buffer;
    logic [3:0] result;
  } tag_t;
  localparam int TAG = $bits(tag_t);

  logic busy, ended, preloaded, buffered, systolic, working, first_seen, batch_half;
  word n, batch_n, matrix, in_first, out_first, sent, width_in, width_out;
  logic [3:0] result;
  logic in_last, out_last, tile_ends, matrix_ends, batch_ends, sends, first_back, loaded, complete;

  assign systolic = cfg.systolic[0];
  assign buffered = cfg.double_buffer[0] && !systolic;
  assign ready = preloaded || !buffered;

  // a batch
  assign releases = ended && credit;
  assign starts = full && !busy && (!ended || releases);
  assign working = busy || starts;
  assign n = starts ? batch_queries : batch_n;
  assign released_queries = batch_n;
  assign freed = matrix_ends && matrix == 0;
  always_ff @(posedge clk) begin
    busy <= working && !batch_ends;
    ended <= batch_ends || (ended && !releases);
    if (starts) begin
      batch_n <= batch_queries;
      batch_half <= half;
      result <= result == 4'(M + 1) ? 0 : result + 1;
    end
    if (reset) begin
      {busy, ended} <= '0;
      result <= 4'(M + 1);
    end
  end

  // tiles: inputs first, then outputs, then matrices
  assign width_in = cfg.matrix_in[3'(matrix)];
  assign width_out = cfg.matrix_out[3'(matrix)];
  assign in_last = in_first + cfg.rows >= width_in;
  assign out_last = out_first + cfg.cols >= width_out;
  assign matrix_ends = tile_ends && in_last && out_last;
  assign batch_ends = matrix_ends && matrix == cfg.matrices - 1;
  assign sends = working && sent < n && (buffered || loaded);
  assign advances = sends;
  always_ff @(posedge clk) begin
    if (sends) sent <= sent + 1;
    first_seen <= first_back;
    if (tile_ends) begin
      sent <= 0;
      first_seen <= 0;
      in_first <= in_last ? 0 : in_first + cfg.rows;
      if (in_last) out_first <= out_last ? 0 : out_first + cfg.cols;
      if (matrix_ends) matrix <= batch_ends ? 0 : matrix + 1;
    end
    if (reset) {sent, first_seen, in_first, out_first, matrix} <= '0;
  end

  // weights
  logic [ROWS-1:0][COLS-1:0][7:0] weight;
  logic preloads;
  assign preloads = buffered && !preloaded && complete;
  weight_loader #(ROWS, COLS) loader (
    clk, reset, cfg, buffered, working || !ready, tile_ends || preloads,
    weight_tile, weight_row, row_weights, loaded, complete, weight
  );
  always_ff @(posedge clk) preloaded <= !reset && (preloaded || preloads);

  // the inputs of each row of the array
  tag_t tag, serial_tag, row_tag [ROWS], col_tag [COLS];
  logic serial_valid, row_valid [ROWS], col_valid [COLS];
  logic [COLS-1:0][31:0] serial_sum;
  word read_query [ROWS];
  int x [ROWS], systolic_sum [COLS];
  int buffers [2][B][WIDTH], results [M+2][B][WIDTH] /*verilator public_flat_rd*/;
  always_comb begin
    tag.query = 8'(sent);
    tag.first_column = 8'(out_first);
    tag.columns = 8'(width_out - out_first < cfg.cols ? width_out - out_first : cfg.cols);
    tag.add = in_first != 0;
    tag.last = sent + 1 == n;
    tag.to_result = matrix == cfg.matrices - 1;
    tag.buffer = matrix[0];
    tag.result = starts ? (result == 4'(M + 1) ? 0 : result + 1) : result;
  end
  always_comb begin
    for (int r = 0; r < ROWS; r++) begin
      read_query[r] = systolic ? 32'(row_tag[r].query) : sent;
      read_slot[r] = read_query[r] + ((starts ? half : batch_half) ? cfg.batch : 0);
      read_feature[r] = in_first + r;
    end
  end
  always_comb begin
    for (int r = 0; r < ROWS; r++) begin
      word i;
      int stored;
      i = in_first + r;
      stored = buffers[~matrix[0]][read_query[r]][i];
      x[r] = 0;
      if ((systolic ? row_valid[r] : sends) && r < int'(cfg.rows) && i < width_in) begin
        if (matrix == 0) x[r] = i < cfg.levels * F ? feature[r] : 0;
        else if (i < cfg.matrix_out[3'(matrix-1)]) x[r] = stored > 0 ? stored >>> 6 : 0;
      end
    end
  end

  // both arrays
  layer_serial #(ROWS, COLS, TAG) serial (
    clk, reset, cfg.pipeline_depth, sends && !systolic, tag, x, weight, serial_valid, serial_tag, serial_sum
  );
  systolic_ws #(ROWS, COLS, STAGES, TAG) wave (
    clk, reset, systolic, cfg.rows, cfg.pe_stages, sends && systolic, tag, row_valid, row_tag, x, weight,
    col_valid, col_tag, systolic_sum
  );
  word last_col;
  assign last_col = cfg.cols - 1;
  assign first_back = first_seen || (serial_valid && serial_tag.query == 0);
  always_comb begin
    if (systolic) tile_ends = col_valid[last_col] && col_tag[last_col].last;
    else tile_ends = working && sent + 32'(sends) == n && first_back && (complete || !buffered);
  end

  // sums of tiles of the same outputs are added up; every column has words of its own
  /* verilator lint_off MULTIDRIVEN */
  for (genvar c = 0; c < COLS; c++) begin : column
    tag_t to;
    word at;
    int sum;
    logic writes;
    assign to = systolic ? col_tag[c] : serial_tag;
    assign at = 32'(to.first_column) + c;
    assign sum = systolic ? systolic_sum[c] : serial_sum[c];
    assign writes = (systolic ? col_valid[c] : serial_valid) && c < int'(to.columns);
    always_ff @(posedge clk) begin
      if (writes && to.to_result)
        results[to.result][to.query][at] <= sum + (to.add ? results[to.result][to.query][at] : 0);
      if (writes && !to.to_result)
        buffers[to.buffer][to.query][at] <= sum + (to.add ? buffers[to.buffer][to.query][at] : 0);
    end
  end
  /* verilator lint_on MULTIDRIVEN */
endmodule
