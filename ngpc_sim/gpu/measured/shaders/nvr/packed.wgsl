// Where rays that go on are packed.
@group(0) @binding(9) var<storage, read_write> positions_to: array<f32>;
@group(0) @binding(10) var<storage, read_write> rays_to: array<Ray>;
@group(0) @binding(11) var<storage, read_write> draws_to: array<u32>;

// Packs a ray that goes on. All threads of a workgroup must come here.
fn pack(walk: Walked, thread: u32) {
  let place = places_of(walk.stays, false, call.turn, thread).x;
  if !walk.stays { return; }
  positions_to[3u * place] = walk.state.position.x;
  positions_to[3u * place + 1u] = walk.state.position.y;
  positions_to[3u * place + 2u] = walk.state.position.z;
  rays_to[place] = walk.state.ray;
  draws_to[place] = walk.state.draws;
}
