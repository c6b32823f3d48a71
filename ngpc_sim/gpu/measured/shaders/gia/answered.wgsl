// What pixels asked for, and what the network says of it.
@group(0) @binding(6) var<storage, read> positions: array<f32>;
@group(0) @binding(8) var<storage, read> outputs: array<f32>;

fn asked_at(pixel: u32) -> vec2<f32> {
  return vec2(positions[2u * pixel], positions[2u * pixel + 1u]);
}

fn output_at(pixel: u32) -> vec3<f32> {
  return vec3(outputs[3u * pixel], outputs[3u * pixel + 1u], outputs[3u * pixel + 2u]);
}
