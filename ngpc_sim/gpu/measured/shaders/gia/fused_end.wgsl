// Behind the call of the network, in one: samples the reference image, shades, adds to the mean and makes the picture.
@group(0) @binding(6) var<storage, read> positions: array<f32>;
@group(0) @binding(8) var<storage, read> outputs: array<f32>;

@compute @workgroup_size(THREADS)
fn fused_end(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let pixel = item_of(id, groups);
  if pixel >= frame.width * frame.height { return; }
  let uv = vec2(positions[2u * pixel], positions[2u * pixel + 1u]);
  let output = vec3(outputs[3u * pixel], outputs[3u * pixel + 1u], outputs[3u * pixel + 2u]);
  finish(pixel, shown(uv, output, sample_of(uv)));
}
