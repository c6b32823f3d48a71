// The next samples of each ray: sample j of ray i is in slot i + j n of n rays.

@compute @workgroup_size(THREADS)
fn generate_next_nerf_network_inputs(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.rays { return; }
  rays[i] = generated(rays[i], call.steps, i, call.rays);
}
