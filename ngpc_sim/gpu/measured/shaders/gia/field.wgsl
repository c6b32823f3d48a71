// In place of a trained network: colours that are waves of the image coordinates.
@group(0) @binding(6) var<storage, read> positions: array<f32>;
@group(0) @binding(8) var<storage, read_write> outputs: array<f32>;

@compute @workgroup_size(THREADS)
fn field(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.rays { return; }
  let uv = vec2(positions[2u * i], positions[2u * i + 1u]);
  outputs[3u * i] = 0.5 + 0.5 * wave(4.0 * uv.x);
  outputs[3u * i + 1u] = 0.5 + 0.5 * wave(4.0 * uv.y);
  outputs[3u * i + 2u] = 0.5 + 0.5 * wave(2.0 * (uv.x + uv.y));
}
