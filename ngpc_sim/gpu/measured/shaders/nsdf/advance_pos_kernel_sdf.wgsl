// A step of each ray that goes on.

@compute @workgroup_size(THREADS)
fn advance_pos_kernel_sdf(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.rays || rays[i].life != ALIVE { return; }
  store(i, advanced(load(i), outputs[i]));
}
