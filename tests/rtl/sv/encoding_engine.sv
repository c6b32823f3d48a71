// One encoding engine: pos_fract (its result comes from outside), grid_index, grid_sram, interpol_weights.
//
// Engine e of level l serves the queries first, first + P, ... With more levels than engines it serves a second level
// of a query right behind the first.
module encoding_engine import types::*; (
  input logic clk, reset,
  input word number,
  input config_t cfg,
  input word arrived, room,           // queries that have come, and those that the feature buffer has a half for
  output word query, level,           // what the engine wants to take next
  input logic [D-1:0][31:0] cell_of,
  input logic [D-1:0][FRACTION-1:0] fraction,
  output logic begins, ends,
  output lookup_t at_sram,
  output logic [3:0] asked,
  output logic out_valid,
  output lookup_t out_lookup,
  output logic [F-1:0][31:0] feature
);
  /* verilator no_inline_module */
  localparam int L = $bits(lookup_t), E = $bits(logic [CORNERS-1:0][31:0]);
  localparam int V = $bits(logic [CORNERS-1:0][F-1:0][7:0]);

  // issue
  lookup_t next, cell_there;
  logic take, taken, pass, last_pass;
  word slot, next_slot;
  assign level = (number % cfg.levels) + (pass ? cfg.engines : 0);
  assign last_pass = level + cfg.engines >= cfg.levels;
  assign take = number < cfg.engines && query < arrived && query < room;
  assign next = '{16'(query), 16'(slot), 6'(level), pass, last_pass, cell_of, fraction};
  assign next_slot = slot + cfg.side_by_side;
  always_ff @(posedge clk) begin
    if (take && taken) begin
      pass <= !last_pass;
      if (last_pass) begin
        query <= query + cfg.side_by_side;
        slot <= next_slot >= 2 * cfg.batch ? next_slot - 2 * cfg.batch : next_slot;
      end
    end
    if (reset) begin
      pass <= 0;
      query <= number / cfg.levels;
      slot <= number / cfg.levels;
    end
  end

  // pos_fract and grid_index
  logic cell_valid, cell_ready, sram_valid, sram_ready;
  logic [CORNERS-1:0][31:0] entry_there, entry;
  elastic_pipe #(L, 8) positions (clk, reset, cfg.pos_fract, take, taken, next, cell_valid, cell_ready, cell_there);
  grid_index index (cfg.dims, cfg.level[5'(cell_there.level)], cell_there.cell_of, entry_there);
  elastic_pipe #(L + E, 8) indices (
    clk, reset, cfg.grid_index, cell_valid, cell_ready, {cell_there, entry_there},
    sram_valid, sram_ready, {at_sram, entry}
  );

  // grid_sram and its latency
  logic [CORNERS-1:0] read, came;
  logic [CORNERS-1:0][F-1:0][7:0] read_value, value;
  logic read_some, read_last, value_last;
  lookup_t there;
  grid_sram sram (
    clk, reset, cfg, sram_valid, sram_ready, at_sram, entry, begins, ends, asked, read, read_value
  );
  delay_line #(1 + L + CORNERS + V, 16) sram_latency (
    clk, reset, cfg.grid_sram, sram_valid, {ends, at_sram, read, read_value},
    read_some, {read_last, there, came, value}
  );
  assign value_last = read_some && read_last;

  // interpol_weights; its last cycle is the write into the feature buffer
  logic [F-1:0][31:0] sum;
  interpolation weights (clk, cfg.dims, there, read_some ? came : '0, value, sum);
  delay_line #(L + F * 32, 16) interpol_latency (
    clk, reset, cfg.interpol_weights - 1 - (cfg.fault == SHORT_LATENCY && cfg.interpol_weights > 1 ? 1 : 0),
    value_last, {there, sum}, out_valid, {out_lookup, feature}
  );
endmodule
