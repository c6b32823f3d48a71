// Colour, opacity and depth of the rays of a dispatch.
@group(0) @binding(9) var<storage, read_write> rgba: array<vec4<f32>>;
@group(0) @binding(10) var<storage, read_write> ray_depths: array<f32>;

fn load(i: u32) -> State {
  return State(rays[i], rgba[i], ray_depths[i]);
}
