// Image coordinates of pixels, a thread a pixel.
@group(0) @binding(6) var<storage, read_write> positions: array<f32>;

@compute @workgroup_size(THREADS)
fn init_image_coords(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let pixel = item_of(id, groups);
  if pixel >= frame.width * frame.height { return; }
  let uv = coordinates_of(pixel);
  positions[2u * pixel] = uv.x;
  positions[2u * pixel + 1u] = uv.y;
}
