// Packs rays to the sun that go on, and lists those that ended.
@group(0) @binding(14) var<storage, read_write> ended_rays: array<Ray>;

@compute @workgroup_size(THREADS)
fn compact_kernel_shadow_sdf(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                             @builtin(local_invocation_index) thread: u32) {
  let i = item_of(id, groups);
  let known = i < call.rays;
  var state = State();
  if known { state = load(i); }
  let goes_on = state.ray.life == ALIVE;
  let places = places_of(goes_on, known && !goes_on, call.turn, thread);
  if goes_on { pack(places.x, state); }
  if known && !goes_on { ended_rays[places.y - call.ended] = state.ray; }
}
