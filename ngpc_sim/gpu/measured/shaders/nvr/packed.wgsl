// Where rays that go on are packed.
@group(0) @binding(9) var<storage, read_write> positions_to: array<f32>;
@group(0) @binding(10) var<storage, read_write> rays_to: array<Ray>;
@group(0) @binding(11) var<storage, read_write> draws_to: array<u32>;

fn pack(place: u32, state: State) {
  positions_to[3u * place] = state.position.x;
  positions_to[3u * place + 1u] = state.position.y;
  positions_to[3u * place + 2u] = state.position.z;
  rays_to[place] = state.ray;
  draws_to[place] = state.draws;
}
