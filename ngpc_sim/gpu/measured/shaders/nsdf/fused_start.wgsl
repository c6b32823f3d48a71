// Before the first call, in one: rays of the camera, packed; pixels without one are finished.

@compute @workgroup_size(THREADS)
fn fused_start(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
               @builtin(local_invocation_index) thread: u32) {
  let i = item_of(id, groups);
  var state = State();
  let known = i < frame.width * frame.height;
  if known { state = entered(i); }
  let goes_on = state.ray.life == ALIVE;
  let place = places_of(goes_on, false, call.turn, thread).x;
  if goes_on { pack(place, state); }
  if known && !goes_on { finish(i, vec4(0.0)); }
  clear_next(call.turn, i);
}
