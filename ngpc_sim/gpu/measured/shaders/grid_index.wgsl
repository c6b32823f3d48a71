// What a grid looks up: (n, L, 2^D) entries and (n, L, D) fractions. Layer z of the dispatch is a level.
@group(0) @binding(3) var<storage, read_write> indices: array<u32>;
@group(0) @binding(4) var<storage, read_write> fractions: array<f32>;

@compute @workgroup_size(THREADS)
fn grid_index(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= queries.x { return; }
  let level = levels[id.z];
  let place = place_of(level, position_of(i));
  let row = i * groups.z + id.z;
  for (var corner = 0u; corner < (1u << D); corner++) {
    indices[(row << D) + corner] = entry_of(level, place.cell, corner);
  }
  for (var d = 0u; d < D; d++) {
    fractions[row * D + d] = place.fraction[d];
  }
}
