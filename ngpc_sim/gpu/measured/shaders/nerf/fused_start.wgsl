// Before the first call, in one: rays of the camera in their first occupied cells, packed, with their samples; pixels without
// a ray are finished. Sample j of ray i is in slot i s + j of s samples a ray, for how many rays there are is not known yet.

@compute @workgroup_size(THREADS)
fn fused_start(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
               @builtin(local_invocation_index) thread: u32) {
  let i = item_of(id, groups);
  let known = i < frame.width * frame.height;
  var state = State();
  if known { state.ray = set_out(entered(i)); }
  let packs = known && goes_on(state.ray);
  pack_asking(packs, state, thread);
  if known && !packs { finish(i, vec4(0.0)); }
  clear_next(call.turn, i);
}
