// Copies the density network's first row to the fourth one of the outputs.
@group(0) @binding(6) var<storage, read> harmonics: array<narrow>;
@group(0) @binding(8) var<storage, read_write> rows: array<narrow>;

@compute @workgroup_size(THREADS)
fn extract_density(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.room { return; }
  rows[3u * call.room + i] = harmonics[i];
}
