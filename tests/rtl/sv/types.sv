// Configuration registers of an NFP, and what passes between its blocks.
package types;
  localparam int D = 3;        // axes; a 2-D grid uses two of them
  localparam int CORNERS = 8;  // 2^D
  localparam int F = 2;        // features of an entry
  localparam int MATRICES = 8;
  localparam int LEVELS = 32;
  localparam int FRACTION = 6; // bits of a position's fraction

  typedef logic [31:0] word;

  typedef struct packed {
    word resolution, entries, hashed;  // hashed: the grid's type is hash
  } level_t;

  typedef struct packed {
    word fault;  // a planted error by number, 0 for none
    word dims, levels, engines, side_by_side, queries;
    word corner_lanes, read_ports, bank_bits, ideal_banks, xor_fold, last_voxel;
    word pos_fract, grid_index, grid_sram, interpol_weights;
    word batch, rows, cols, systolic, pipeline_depth, double_buffer, pe_stages;
    word out_bytes, out_rate, fifo_batches, matrices, tiles;
    word [MATRICES-1:0] matrix_in, matrix_out;
    level_t [LEVELS-1:0] level;
  } config_t;

  // planted errors
  localparam word NO_FOLD = 1, EXTRA_CREDIT = 2, EARLY_HALF = 3, NO_BROADCAST = 4, SHORT_LOAD = 5, SHORT_LATENCY = 6;

  typedef struct packed {
    logic [15:0] query;                     // number in the command
    logic [15:0] slot;                      // place in the feature buffer
    logic [5:0] level;
    logic pass;                             // which of the engine's levels
    logic last_pass;
    logic [D-1:0][31:0] cell_of;
    logic [D-1:0][FRACTION-1:0] fraction;
  } lookup_t;
endpackage
