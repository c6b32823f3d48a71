// Between the calls for normals and those for rays to the sun, in one; all of these go on, so none is packed.

@compute @workgroup_size(THREADS)
fn fused_shadow_start(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.rays { return; }
  let gradient = combined(normal_at(i), outputs[i]);
  put_normal(i, gradient);
  pack(i, to_sun(hit_at(i), facing(gradient, direction(hit_rays[i])), i));
}
