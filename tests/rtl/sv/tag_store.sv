// Tags of a grid_sram that is a set-associative cache; a set keeps its lines in order of use.
module tag_store import types::*; #(int SETS = 64, int WAYS = 8) (
  input logic clk, reset,
  input word sets, ways,
  input logic ask,
  input word line,
  output logic hit
);
  logic [WAYS-1:0][31:0] tag [SETS];
  logic [SETS-1:0][WAYS-1:0] valid;
  logic [WAYS-1:0][31:0] next_tag;
  logic [WAYS-1:0] next_valid;
  logic [$clog2(SETS)-1:0] set;
  logic [WAYS-1:0] match;
  int place;                          // of the line, or of the one that leaves

  assign set = ($clog2(SETS))'(line % sets);
  always_comb begin
    place = int'(ways) - 1;
    for (int w = 0; w < WAYS; w++) begin
      match[w] = valid[set][w] && tag[set][w] == line && w < int'(ways);
      if (match[w]) place = w;
    end
    hit = match != 0;
    next_tag = tag[set];
    next_valid = valid[set];
    for (int w = WAYS - 1; w > 0; w--) begin
      if (w <= place) begin
        next_tag[w] = next_tag[w-1];
        next_valid[w] = next_valid[w-1];
      end
    end
    next_tag[0] = line;
    next_valid[0] = 1;
  end
  always_ff @(posedge clk) begin
    if (ask) begin
      tag[set] <= next_tag;
      valid[set] <= next_valid;
    end
    if (reset) valid <= '0;
  end
endmodule
