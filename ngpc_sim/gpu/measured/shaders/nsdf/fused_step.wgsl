// Between two calls for the camera's rays, in one: a step and, where rays are packed, packing, hits with their first point
// beside them, and the end of pixels whose ray left.
@group(0) @binding(16) var<storage, read_write> beside_hits: array<f32>;

@compute @workgroup_size(THREADS)
fn fused_step(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
              @builtin(local_invocation_index) thread: u32) {
  let i = item_of(id, groups);
  let known = i < call.rays;
  let state = stepped(i);
  if call.compacts == 0u { return; }
  let life = state.ray.life;
  let places = places_of(life == ALIVE, life == HIT, call.turn, thread);
  if life == ALIVE { pack(places.x, state); }
  if life == HIT {
    put_hit(places.y, state);
    let point = offset_of(state.position, 0u, 1.0);
    beside_hits[3u * places.y] = point.x;
    beside_hits[3u * places.y + 1u] = point.y;
    beside_hits[3u * places.y + 2u] = point.z;
  }
  if known && life == GONE { finish(state.ray.pixel, vec4(0.0)); }
  clear_next(call.turn, i);
}
