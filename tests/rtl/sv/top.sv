// An NFP behind configuration registers, and a tag store beside it.
module top import types::*; #(
  int E = 6, int ROWS = 16, int COLS = 16, int STAGES = 3, int B = 16, int WIDTH = 32, int M = 4
) (
  input logic clk, reset,
  input word number, setting,         // register, in the order of config_t, and its value
  input logic write,
  input word arrived,
  output word query [E], level [E],
  input word cell_of [E][D], fraction [E][D],
  output word weight_tile, weight_row,
  input byte row_weights [COLS],
  output logic ready,
  output logic begins [E], ends [E], delivers [E],
  output word asked [E], sram_query [E], sram_level [E], out_query [E], out_level [E],
  output logic starts, freed, releases, advances, results, out,
  input word sets, ways, line,
  input logic ask,
  output logic hit
);
  localparam int REGISTERS = $bits(config_t) / 32;
  word [REGISTERS-1:0] register;
  always_ff @(posedge clk) if (write) register[REGISTERS - 1 - number] <= setting;

  nfp #(E, ROWS, COLS, STAGES, B, WIDTH, M) nfp (
    clk, reset, register, arrived, query, level, cell_of, fraction, weight_tile, weight_row, row_weights, ready,
    begins, ends, delivers, asked, sram_query, sram_level, out_query, out_level,
    starts, freed, releases, advances, results, out
  );
  tag_store tags (clk, reset, sets, ways, ask, line, hit);
endmodule
