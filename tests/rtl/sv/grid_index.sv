// Table entries of a cell's corners; bit d of a corner adds 1 on axis d. All arithmetic wraps at 32 bits.
module grid_index import types::*; (
  input word dims,
  input level_t level,
  input logic [D-1:0][31:0] cell_of,
  output logic [CORNERS-1:0][31:0] entry
);
  localparam word PRIME [D] = '{1, 32'd2654435761, 32'd805459861};
  word stride [D];
  logic linear, by_hash;
  logic [95:0] points;

  always_comb begin
    linear = level.resolution <= (dims == 2 ? 65535 : 1625);  // larger strides leave 32 bits
    stride[0] = 1;
    stride[1] = level.resolution;
    stride[2] = level.resolution * level.resolution;
    points = 96'(level.resolution) * 96'(level.resolution) * (dims == 2 ? 1 : 96'(level.resolution));
    by_hash = level.hashed[0] && 96'(level.entries) < (linear ? points : 96'hFFFFFFFF);
    for (int k = 0; k < CORNERS; k++) begin
      word sum, at;
      sum = 0;
      for (int d = 0; d < D; d++) begin
        at = cell_of[d] + 32'((k >> d) & 1);
        if (d >= dims) at = 0;
        if (by_hash) sum ^= at * PRIME[d];
        else if (linear) sum += at * stride[d];
      end
      entry[k] = sum >= level.entries ? sum % level.entries : sum;
    end
  end
endmodule
