// Points beside hits, along one axis.

@compute @workgroup_size(THREADS)
fn offset_points(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.rays { return; }
  put_position(i, offset_of(hit_at(i), call.axis, call.sign));
}
