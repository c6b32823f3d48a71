// Adds the frame to the mean over samples, a thread a pixel.
@group(0) @binding(2) var<storage, read> colours: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> accumulated: array<vec4<f32>>;

@compute @workgroup_size(THREADS)
fn accumulate_kernel(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let pixel = item_of(id, groups);
  if pixel >= frame.width * frame.height { return; }
  accumulated[pixel] = mean_of(accumulated[pixel], colours[pixel]);
}
