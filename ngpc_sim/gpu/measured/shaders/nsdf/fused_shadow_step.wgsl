// Between two calls for rays to the sun, in one: a step and, where rays are packed, packing, and the end of pixels whose
// ray ended.

@compute @workgroup_size(THREADS)
fn fused_shadow_step(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                     @builtin(local_invocation_index) thread: u32) {
  let i = item_of(id, groups);
  let known = i < call.rays;
  let state = stepped(i);
  if call.compacts == 0u { return; }
  let goes_on = state.ray.life == ALIVE;
  let place = places_of(goes_on, false, call.turn, thread).x;
  if goes_on { pack(place, state); }
  if known && !goes_on {
    let hit = state.ray.pixel;
    let ray = hit_rays[hit];
    finish(ray.pixel, lit(facing(normal_at(hit), direction(ray)), state.ray.visibility));
  }
  clear_next(call.turn, i);
}
