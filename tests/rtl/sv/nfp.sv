// Neural fields processor: encoding engines, feature buffer, MLP engine, output FIFO.
module nfp import types::*; #(
  int E = 6, int ROWS = 16, int COLS = 16, int STAGES = 3, int B = 16, int WIDTH = 32, int M = 4
) (
  input logic clk, reset,
  input config_t cfg,
  input word arrived,
  output word query [E], level [E],
  input word cell_of [E][D], fraction [E][D],
  output word weight_tile, weight_row,
  input byte row_weights [COLS],
  output logic ready,
  // what the bench looks at
  output logic begins [E], ends [E], delivers [E],
  output word asked [E], sram_query [E], sram_level [E], out_query [E], out_level [E],
  output logic starts, freed, releases, advances, results, out
);
  word room, batch_queries, released_queries;
  logic [E-1:0] write;
  lookup_t at_sram [E], there [E];
  logic [F-1:0][31:0] value [E];
  logic full, half, credit;
  word read_slot [ROWS], read_feature [ROWS];
  int feature [ROWS];

  for (genvar e = 0; e < E; e++) begin : engine
    logic [D-1:0][31:0] own_cell;
    logic [D-1:0][FRACTION-1:0] own_fraction;
    logic [3:0] own_asked;
    for (genvar d = 0; d < D; d++) begin : axis
      assign own_cell[d] = cell_of[e][d];
      assign own_fraction[d] = fraction[e][d][FRACTION-1:0];
    end
    encoding_engine engine (
      clk, reset, e, cfg, arrived, room, query[e], level[e], own_cell, own_fraction,
      begins[e], ends[e], at_sram[e], own_asked, write[e], there[e], value[e]
    );
    assign asked[e] = 32'(own_asked);
    assign sram_query[e] = 32'(at_sram[e].query);
    assign sram_level[e] = 32'(at_sram[e].level);
    assign delivers[e] = write[e];
    assign out_query[e] = 32'(there[e].query);
    assign out_level[e] = 32'(there[e].level);
  end
  feature_buffer #(E, ROWS, B, WIDTH) buffer (
    clk, reset, cfg, write, there, value, freed, room, full, half, batch_queries, starts,
    read_slot, read_feature, feature
  );
  mlp_engine #(ROWS, COLS, STAGES, B, WIDTH, M) mlp (
    clk, reset, cfg, full, half, batch_queries, read_slot, read_feature, feature, credit, row_weights, weight_tile, weight_row,
    ready, starts, freed, releases, advances, released_queries
  );
  output_fifo fifo (clk, reset, cfg, credit, releases, released_queries, results, out);
endmodule
