// Packs the camera's rays that go on, and lists those that hit something.

@compute @workgroup_size(THREADS)
fn compact_kernel_sdf(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                      @builtin(local_invocation_index) thread: u32) {
  let i = item_of(id, groups);
  var state = State();
  if i < call.rays { state = load(i); }
  let places = places_of(state.ray.life == ALIVE, state.ray.life == HIT, call.turn, thread);
  if state.ray.life == ALIVE { pack(places.x, state); }
  if state.ray.life == HIT { put_hit(places.y, state); }
}
