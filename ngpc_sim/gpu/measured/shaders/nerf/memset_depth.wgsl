// Clears the depth of all rays.
@group(0) @binding(10) var<storage, read_write> ray_depths: array<f32>;

@compute @workgroup_size(THREADS)
fn memset_depth(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= frame.width * frame.height { return; }
  ray_depths[i] = 0.0;
}
