// Bank and row of an entry: its low bits, or the xor of all its groups of that many bits.
module bank_map import types::*; (
  input word bits,
  input logic fold,
  input word entry,
  output word bank, row
);
  word mask;
  assign mask = (1 << bits) - 1;
  assign row = entry >> bits;
  always_comb begin
    bank = entry & mask;
    if (fold && bits != 0) for (word shift = bits; shift < 32; shift += bits) bank ^= (entry >> shift) & mask;
  end
endmodule
