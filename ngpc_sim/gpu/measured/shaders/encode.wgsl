// Grid encoding, a thread a query and level, level by level (layer z of the dispatch is a level): gathers the entries of
// 2^D corners of PAIRS x 2 features and adds them up by their weights, corners ascending, in the table's own type.
@group(0) @binding(3) var<storage, read> table: array<vec2<narrow>>;
// a row a feature
@group(0) @binding(4) var<storage, read_write> features: array<narrow>;

@compute @workgroup_size(THREADS)
fn encode(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= queries.x { return; }
  let level = levels[id.z];
  let place = place_of(level, position_of(i));
  var sums: array<vec2<narrow>, PAIRS>;
  for (var corner = 0u; corner < (1u << D); corner++) {
    let first = (level.offset + entry_of(level, place.cell, corner)) * PAIRS;
    let weight = vec2<narrow>(narrow(weight_of(place.fraction, corner)));
    for (var pair = 0u; pair < PAIRS; pair++) {
      sums[pair] = fma(weight, table[first + pair], sums[pair]);
    }
  }
  for (var pair = 0u; pair < PAIRS; pair++) {
    let row = (id.z * PAIRS + pair) * 2u;
    features[row * queries.y + i] = sums[pair].x;
    features[(row + 1u) * queries.y + i] = sums[pair].y;
  }
}
