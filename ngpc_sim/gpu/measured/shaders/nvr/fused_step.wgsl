// Between two calls, in one: a collision, the walk to the next one, packing, and the end of pixels whose ray ended.

@compute @workgroup_size(THREADS)
fn fused_step(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
              @builtin(local_invocation_index) thread: u32) {
  let i = item_of(id, groups);
  let known = i < rays_here();
  var walk = Walked();
  if known { walk = stepped(i); }
  pack(walk, thread);
  if known && !walk.stays { finish(walk.state.ray.pixel, shown(walk.state.ray)); }
  clear_next(call.turn, i);
}
