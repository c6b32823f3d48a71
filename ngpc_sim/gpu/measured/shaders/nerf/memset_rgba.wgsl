// Clears colour and opacity of all rays.
@group(0) @binding(9) var<storage, read_write> rgba: array<vec4<f32>>;

@compute @workgroup_size(THREADS)
fn memset_rgba(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= frame.width * frame.height { return; }
  rgba[i] = vec4(0.0);
}
