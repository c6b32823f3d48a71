// Where rays that go on are packed.
@group(0) @binding(11) var<storage, read_write> rays_to: array<Ray>;
@group(0) @binding(12) var<storage, read_write> rgba_to: array<vec4<f32>>;
@group(0) @binding(13) var<storage, read_write> ray_depths_to: array<f32>;

fn pack(place: u32, state: State) {
  rays_to[place] = state.ray;
  rgba_to[place] = state.rgba;
  ray_depths_to[place] = state.depth;
}
