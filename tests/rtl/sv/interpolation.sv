// Weights and sum of the corners' features, in integers: a weight is a product of D numbers from 0 to 2^FRACTION.
//
// The values of an engine's last voxel stay, for a query that reads nothing new.
module interpolation import types::*; (
  input logic clk,
  input word dims,
  input lookup_t lookup,
  input logic [CORNERS-1:0] came,
  input logic [CORNERS-1:0][F-1:0][7:0] value,
  output logic [F-1:0][31:0] feature
);
  logic [CORNERS-1:0][F-1:0][7:0] kept [2], now;

  always_comb begin
    feature = '0;
    for (int k = 0; k < CORNERS; k++) begin
      int weight;
      now[k] = came[k] ? value[k] : kept[lookup.pass][k];
      weight = 1;
      for (int d = 0; d < D; d++)
        if (d < dims) weight *= k[d] ? int'(lookup.fraction[d]) : (1 << FRACTION) - int'(lookup.fraction[d]);
      for (int f = 0; f < F; f++) if (k < (1 << dims)) feature[f] += weight * int'($signed(now[k][f]));
    end
    for (int f = 0; f < F; f++) feature[f] = $signed(feature[f]) >>> (FRACTION * dims);
  end
  always_ff @(posedge clk) if (came != 0) kept[lookup.pass] <= now;
endmodule
