// Places of items that are kept: a prefix sum within a workgroup, and one addition to a counter a workgroup. Items of a
// workgroup keep their order; workgroups come in the order in which they get there.
@group(0) @binding(4) var<storage, read_write> counters: array<atomic<u32>, 4>;

var<workgroup> kept_before: array<u32, THREADS>;
var<workgroup> first_places: vec2<u32>;

// Two lists at once, of fewer than 65,536 items a workgroup each: x is a place in the list of counter `turn`, y in the
// list that ends at counter 3. All threads of a workgroup must come here.
fn places_of(kept: bool, ended: bool, turn: u32, thread: u32) -> vec2<u32> {
  let own = select(0u, 1u, kept) | select(0u, 0x10000u, ended);
  kept_before[thread] = own;
  for (var reach = 1u; reach < THREADS; reach *= 2u) {
    workgroupBarrier();
    var sum = kept_before[thread];
    if thread >= reach { sum += kept_before[thread - reach]; }
    workgroupBarrier();
    kept_before[thread] = sum;
  }
  workgroupBarrier();
  if thread == THREADS - 1u {
    let all = kept_before[thread];
    first_places = vec2(atomicAdd(&counters[turn], all & 0xffffu), atomicAdd(&counters[3], all >> 16u));
  }
  workgroupBarrier();
  let before = kept_before[thread] - own;
  return first_places + vec2(before & 0xffffu, before >> 16u);
}

// Clears the counter whose turn is next, which no other kernel needs by now.
fn clear_next(turn: u32, item: u32) {
  if item == 0u { atomicStore(&counters[(turn + 1u) % 3u], 0u); }
}
