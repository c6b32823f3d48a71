// Features of two batches. A half is full when all its features are there, and free when the first matrix has read it.
module feature_buffer import types::*; #(int E = 4, int ROWS = 16, int B = 16, int WIDTH = 32) (
  input logic clk, reset,
  input config_t cfg,
  input logic [E-1:0] write,
  input lookup_t lookup [E],
  input logic [F-1:0][31:0] feature [E],
  input logic freed,                  // the older half
  output word room,                   // queries up to which there is a half
  output logic full,                  // the half that is read next
  output logic half,
  output word batch_queries,          // queries in it
  input logic taken,
  input word read_slot [ROWS], read_feature [ROWS],  // a port for each row of the array
  output int value [ROWS]
);
  int memory [2*B][WIDTH] /*verilator public_flat_rd*/;
  word count [2], first_query, writes [2], halves;
  logic oldest;

  assign room = halves + (cfg.fault == EARLY_HALF && freed ? cfg.batch : 0);
  assign batch_queries = cfg.queries - first_query < cfg.batch ? cfg.queries - first_query : cfg.batch;
  assign full = batch_queries != 0 && count[half] == batch_queries * cfg.levels;
  always_comb for (int r = 0; r < ROWS; r++) value[r] = memory[read_slot[r]][read_feature[r]];
  always_comb begin
    writes[0] = 0;
    writes[1] = 0;
    for (int e = 0; e < E; e++) if (write[e]) writes[lookup[e].slot >= 16'(cfg.batch)]++;
  end
  /* verilator lint_off MULTIDRIVEN */
  for (genvar e = 0; e < E; e++) begin : engine  // each writes words of its own
    for (genvar f = 0; f < F; f++) begin : part
      always_ff @(posedge clk) if (write[e]) memory[lookup[e].slot][32'(lookup[e].level) * F + f] <= feature[e][f];
    end
  end
  /* verilator lint_on MULTIDRIVEN */
  always_ff @(posedge clk) begin
    count[0] <= count[0] + writes[0];
    count[1] <= count[1] + writes[1];
    if (freed) begin
      count[oldest] <= 0;
      oldest <= !oldest;
      halves <= halves + cfg.batch;
    end
    if (taken) begin
      half <= !half;
      first_query <= first_query + batch_queries;
    end
    if (reset) begin
      count[0] <= 0;
      count[1] <= 0;
      {oldest, half, first_query} <= '0;
      halves <= 2 * cfg.batch;
    end
  end
endmodule
