// The image in the plane z = 0.5: where pixels meet it, and the colour that a pixel shows.
fn coordinates_of(pixel: u32) -> vec2<f32> {
  let d = direction_of(pixel);
  if d.z == 0.0 { return vec2(-1.0); }
  let t = (0.5 - frame.origin.z) / d.z;
  if t < 0.0 { return vec2(-1.0); }
  let aspect = f32(frame.image.y) / f32(frame.image.x);
  return vec2((frame.origin.x - 0.5 + t * d.x) * aspect + 0.5, 1.0 - (frame.origin.y + t * d.y));
}

// What is shown: nothing beside the image, else the network's colour or, where that is asked for, the image's own.
fn shown(uv: vec2<f32>, output: vec3<f32>, own: vec3<f32>) -> vec4<f32> {
  if any(uv < vec2(0.0)) || any(uv > vec2(1.0)) { return vec4(0.0); }
  return vec4(select(output, own, frame.target_shown != 0u), 1.0);
}
