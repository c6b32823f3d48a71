// Before the first call, in one: rays of the camera at their first tentative collisions, packed; other pixels are finished.

@compute @workgroup_size(THREADS)
fn fused_start(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
               @builtin(local_invocation_index) thread: u32) {
  let i = item_of(id, groups);
  let known = i < frame.width * frame.height;
  var walk = Walked();
  if known { walk = entered(i); }
  pack(walk, thread);
  if known && !walk.stays { finish(i, vec4(SKY, 1.0)); }
  clear_next(call.turn, i);
}
