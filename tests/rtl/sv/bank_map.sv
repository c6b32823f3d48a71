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
    if (fold && bits != 0)
      for (int shift = 1; shift < 32; shift++)
        if (32'(shift) % bits == 0) bank ^= (entry >> shift) & mask;
  end
endmodule
