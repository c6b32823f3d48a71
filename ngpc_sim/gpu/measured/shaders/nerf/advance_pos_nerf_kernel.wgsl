// Moves rays to their first occupied cells.

@compute @workgroup_size(THREADS)
fn advance_pos_nerf_kernel(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= frame.width * frame.height { return; }
  rays[i] = set_out(rays[i]);
}
