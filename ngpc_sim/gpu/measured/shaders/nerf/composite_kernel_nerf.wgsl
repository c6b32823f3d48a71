// Blends the samples of each ray.

@compute @workgroup_size(THREADS)
fn composite_kernel_nerf(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.rays { return; }
  let state = composited(load(i), i, call.rays);
  rays[i] = state.ray;
  rgba[i] = state.rgba;
  ray_depths[i] = state.depth;
}
