// The rays of a dispatch: the network reads their positions where they lie.
@group(0) @binding(6) var<storage, read_write> positions: array<f32>;
@group(0) @binding(7) var<storage, read_write> rays: array<Ray>;

fn position_at(i: u32) -> vec3<f32> {
  return vec3(positions[3u * i], positions[3u * i + 1u], positions[3u * i + 2u]);
}

fn load(i: u32) -> State {
  return State(position_at(i), rays[i]);
}

fn put_position(i: u32, p: vec3<f32>) {
  positions[3u * i] = p.x;
  positions[3u * i + 1u] = p.y;
  positions[3u * i + 2u] = p.z;
}

fn store(i: u32, state: State) {
  put_position(i, state.position);
  rays[i] = state.ray;
}
