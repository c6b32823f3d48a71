// Samples the reference image at every pixel; coordinates are not snapped to texels, as is the application's default.
@group(0) @binding(6) var<storage, read> positions: array<f32>;
@group(0) @binding(7) var<storage, read_write> targets: array<f32>;

@compute @workgroup_size(THREADS)
fn eval_image_kernel_and_snap(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let pixel = item_of(id, groups);
  if pixel >= frame.width * frame.height { return; }
  let own = sample_of(vec2(positions[2u * pixel], positions[2u * pixel + 1u]));
  targets[3u * pixel] = own.x;
  targets[3u * pixel + 1u] = own.y;
  targets[3u * pixel + 2u] = own.z;
}
