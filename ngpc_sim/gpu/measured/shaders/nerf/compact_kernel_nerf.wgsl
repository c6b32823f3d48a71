// Packs rays that go on, and lists those that ended and are shown.
@group(0) @binding(16) var<storage, read_write> hit_rays: array<Ray>;
@group(0) @binding(17) var<storage, read_write> hit_rgba: array<vec4<f32>>;
@group(0) @binding(18) var<storage, read_write> hit_depths: array<f32>;

@compute @workgroup_size(THREADS)
fn compact_kernel_nerf(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                       @builtin(local_invocation_index) thread: u32) {
  let i = item_of(id, groups);
  let known = i < call.rays;
  var state = State();
  if known { state = load(i); }
  let packs = known && goes_on(state.ray);
  let ends = known && !packs && state.rgba.w > SHOWN;
  let places = places_of(packs, ends, call.turn, thread);
  if packs { pack(places.x, state); }
  if ends {
    hit_rays[places.y] = state.ray;
    hit_rgba[places.y] = state.rgba;
    hit_depths[places.y] = state.depth;
  }
}
