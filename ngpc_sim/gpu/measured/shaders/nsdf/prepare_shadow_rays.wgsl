// Rays from hits to the sun.

@compute @workgroup_size(THREADS)
fn prepare_shadow_rays(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.rays { return; }
  let hit = hit_at(i);
  store(i, to_sun(hit, facing(normal_at(i), direction(hit_rays[i])), i));
}
