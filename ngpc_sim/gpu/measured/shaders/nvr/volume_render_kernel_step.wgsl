// A collision and the walk to the next one; rays that go on are packed, those that end are written to the frame, which is
// what the workload lists as finished_rays.
@group(0) @binding(2) var<storage, read_write> colours: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> depths: array<f32>;

@compute @workgroup_size(THREADS)
fn volume_render_kernel_step(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                             @builtin(local_invocation_index) thread: u32) {
  let i = item_of(id, groups);
  let known = i < rays_here();
  var walk = Walked();
  if known { walk = stepped(i); }
  pack(walk, thread);
  if known && !walk.stays {
    let pixel = walk.state.ray.pixel;
    let way = walk.state.position - frame.origin;
    colours[pixel] = shown(walk.state.ray);
    depths[pixel] = sqrt(way.x * way.x + way.y * way.y + way.z * way.z);
  }
}
