// Turns the mean over samples into 8 bits a channel, a thread a pixel.
@group(0) @binding(2) var<storage, read> accumulated: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> surface: array<u32>;

@compute @workgroup_size(THREADS)
fn tonemap_kernel(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let pixel = item_of(id, groups);
  if pixel >= frame.width * frame.height { return; }
  surface[pixel] = surface_of(accumulated[pixel]);
}
