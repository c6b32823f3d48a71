// Rays of the camera at their entry into the box, a thread a pixel.

@compute @workgroup_size(THREADS)
fn init_rays_with_payload_kernel_nerf(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= frame.width * frame.height { return; }
  rays[i] = entered(i);
}
