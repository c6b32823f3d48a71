// Between two calls for normals, in one: adds to the gradient, and the next point beside the hit.

@compute @workgroup_size(THREADS)
fn fused_normals(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.rays { return; }
  put_normal(i, combined(normal_at(i), outputs[i]));
  let next = call.axis + select(1u, 0u, call.sign > 0.0);
  put_position(i, offset_of(hit_at(i), next, -call.sign));
}
