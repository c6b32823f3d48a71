// Behind the call of the network, in one: samples the reference image, shades, adds to the mean and makes the picture.

@compute @workgroup_size(THREADS)
fn fused_end(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let pixel = item_of(id, groups);
  if pixel >= frame.width * frame.height { return; }
  let uv = asked_at(pixel);
  finish(pixel, shown(uv, output_at(pixel), sample_of(uv)));
}
