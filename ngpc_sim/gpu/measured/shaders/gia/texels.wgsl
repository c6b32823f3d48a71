// The reference image: texels of four f16 each, the fourth unused.
@group(0) @binding(5) var<storage, read> texels: array<vec2<u32>>;

fn texel_of(x: i32, y: i32) -> vec3<f32> {
  let last = vec2<i32>(frame.image) - 1;
  let texel = texels[u32(clamp(y, 0, last.y)) * frame.image.x + u32(clamp(x, 0, last.x))];
  return vec3(unpack2x16float(texel.x), unpack2x16float(texel.y).x);
}

// Colour of the image between the centres of its texels.
fn sample_of(uv: vec2<f32>) -> vec3<f32> {
  let at = uv * vec2<f32>(frame.image) - 0.5;
  let cell = floor(at);
  let w = at - cell;
  let x = i32(cell.x);
  let y = i32(cell.y);
  let upper = texel_of(x, y) * (1.0 - w.x) + texel_of(x + 1, y) * w.x;
  let lower = texel_of(x, y + 1) * (1.0 - w.x) + texel_of(x + 1, y + 1) * w.x;
  return upper * (1.0 - w.y) + lower * w.y;
}
