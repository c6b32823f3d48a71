// Rays of the camera, each at its first tentative collision, packed; pixels without one show the sky.
@group(0) @binding(2) var<storage, read_write> colours: array<vec4<f32>>;

@compute @workgroup_size(THREADS)
fn init_rays_volume(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                    @builtin(local_invocation_index) thread: u32) {
  let i = item_of(id, groups);
  let known = i < frame.width * frame.height;
  var walk = Walked();
  if known { walk = entered(i); }
  pack(walk, thread);
  if known && !walk.stays { colours[i] = vec4(SKY, 1.0); }
}
