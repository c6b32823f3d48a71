// Clears colour and depth of the frame, a thread a pixel.
@group(0) @binding(2) var<storage, read_write> colours: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> depths: array<f32>;

@compute @workgroup_size(THREADS)
fn clear_frame_buffer(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let pixel = item_of(id, groups);
  if pixel >= frame.width * frame.height { return; }
  colours[pixel] = vec4(0.0);
  depths[pixel] = 0.0;
}
