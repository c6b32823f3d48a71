// Between two calls, in one: blends, packs rays, writes their next samples, and finishes pixels whose ray ended.

@compute @workgroup_size(THREADS)
fn fused_step(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
              @builtin(local_invocation_index) thread: u32) {
  let i = item_of(id, groups);
  let known = i < call.rays;
  var state = State();
  if known { state = composited(load(i), i * call.steps, 1u); }
  let packs = known && goes_on(state.ray);
  pack_asking(packs, state, thread);
  if known && !packs {
    if state.rgba.w > SHOWN {
      finish(state.ray.pixel, shown(state.rgba));
    } else {
      finish(state.ray.pixel, vec4(0.0));
    }
  }
  clear_next(call.turn, i);
}
