// Writes the colours of pixels to the frame, a thread a pixel.
@group(0) @binding(2) var<storage, read_write> colours: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> depths: array<f32>;
@group(0) @binding(7) var<storage, read> targets: array<f32>;

@compute @workgroup_size(THREADS)
fn shade_kernel_image(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let pixel = item_of(id, groups);
  if pixel >= frame.width * frame.height { return; }
  var own = vec3(0.0);
  if frame.target_shown != 0u { own = vec3(targets[3u * pixel], targets[3u * pixel + 1u], targets[3u * pixel + 2u]); }
  colours[pixel] = shown(asked_at(pixel), output_at(pixel), own);
  depths[pixel] = 1.0;
}
