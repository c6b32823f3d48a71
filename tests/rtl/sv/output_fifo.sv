// Output FIFO in batches. Its credits look ahead: a port that counts `tail` cycles before the real one gives them back,
// so that results which set out when a credit is there find room when they come.
module output_fifo import types::*; (
  input logic clk, reset,
  input config_t cfg,
  output logic credit,
  input logic release_batch,
  input word queries,
  output logic results, out           // a batch is in the FIFO; its last bytes leave in this cycle
);
  word used, tail, arrived_queries;
  logic returned, comes;

  assign tail = cfg.systolic[0] ? 0 : cfg.pipeline_depth;
  assign credit = used < cfg.fifo_batches + (cfg.fault == EXTRA_CREDIT ? 1 : 0);
  always_ff @(posedge clk) used <= reset ? 0 : used + 32'(release_batch) - 32'(returned);

  output_port ahead (clk, reset, cfg.out_bytes, cfg.out_rate, release_batch, queries, returned);
  delay_line #(32, 64) staged (clk, reset, tail, release_batch, queries, comes, arrived_queries);
  output_port port (clk, reset, cfg.out_bytes, cfg.out_rate, comes, arrived_queries, out);
  assign results = comes;
endmodule
