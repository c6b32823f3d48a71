// Banked grid_sram: corners enter in groups, in corner order, each into the queue of its bank.
//
// A corner waits as a bit of `waiting`; a bank serves its first ones in corner order, up to its ports, from the cycle in
// which they enter. The next query enters when all groups have entered and no corner waits.
module grid_sram import types::*; (
  input logic clk, reset,
  input config_t cfg,
  input logic in_valid, output logic in_ready,
  input lookup_t lookup,
  input logic [CORNERS-1:0][31:0] entry,
  output logic begins, ends,          // first and last cycle of a query
  output logic [3:0] asked,           // entries asked for in this cycle
  output logic [CORNERS-1:0] came,    // corners whose value is read in this cycle
  output logic [CORNERS-1:0][F-1:0][7:0] value
);
  import "DPI-C" pure function byte sram_cell(input int level, input int bank, input int row, input int feature);

  word bank [CORNERS], row [CORNERS];
  for (genvar k = 0; k < CORNERS; k++) begin : map
    bank_map map (cfg.bank_bits, cfg.xor_fold[0] && cfg.fault != NO_FOLD, entry[k], bank[k], row[k]);
  end

  // the cells of the bank macro stand in the bench, which knows what lies in a row of a bank
  function automatic logic [F-1:0][7:0] cells(int k);
    for (int f = 0; f < F; f++) cells[f] = sram_cell(int'(lookup.level), bank[k], row[k], f);
  endfunction

  logic [CORNERS-1:0] waiting, entering, waits, served;
  logic [2:0] first_of [CORNERS];     // the first corner with the same entry
  logic [3:0] entered, entered_now, corners;
  logic [D-1:0][31:0] last_cell [2];
  logic [1:0] known;
  logic same_voxel;

  assign corners = cfg.dims == 2 ? 4 : 8;
  assign same_voxel = cfg.last_voxel[0] && known[lookup.pass] && last_cell[lookup.pass] == lookup.cell_of;

  always_comb begin
    entered_now = 32'(corners - entered) > cfg.corner_lanes ? entered + 4'(cfg.corner_lanes) : corners;
    for (int k = 0; k < CORNERS; k++) begin
      first_of[k] = 3'(k);
      for (int j = k - 1; j >= 0; j--)
        if (entry[j] == entry[k] && cfg.fault != NO_BROADCAST) first_of[k] = 3'(j);
      entering[k] = in_valid && !same_voxel && 4'(k) >= entered && 4'(k) < entered_now && first_of[k] == 3'(k);
    end
    waits = waiting | entering;
    for (int k = 0; k < CORNERS; k++) begin
      word earlier;
      earlier = 0;
      for (int j = 0; j < k; j++) if (waits[j] && bank[j] == bank[k]) earlier++;
      served[k] = waits[k] && (cfg.ideal_banks[0] || earlier < cfg.read_ports);
    end
    for (int k = 0; k < CORNERS; k++) begin
      came[k] = served[first_of[k]] && 4'(k) < corners;
      value[k] = came[k] ? cells(int'(first_of[k])) : '0;
    end
  end
  assign asked = 4'($countones(entering));
  assign begins = in_valid && entered == 0;
  assign ends = in_valid && entered_now == corners && (waits & ~served) == 0;
  assign in_ready = ends;

  always_ff @(posedge clk) begin
    waiting <= waits & ~served;
    if (in_valid) entered <= ends ? 0 : entered_now;
    if (ends) begin
      last_cell[lookup.pass] <= lookup.cell_of;
      known[lookup.pass] <= 1;
    end
    if (reset) {waiting, entered, known} <= '0;
  end
endmodule
