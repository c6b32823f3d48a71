// Adds the distance at a point beside a hit to its gradient.

@compute @workgroup_size(THREADS)
fn combine_normals(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.rays { return; }
  put_normal(i, combined(normal_at(i), outputs[i]));
}
