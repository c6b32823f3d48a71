// Item of a thread: `id` is its global_invocation_id, `groups` the num_workgroups of its dispatch. More than 65,535
// workgroups stand in rows; threads behind the last item have items too, which a kernel leaves alone.
fn item_of(id: vec3<u32>, groups: vec3<u32>) -> u32 {
  return id.y * groups.x * THREADS + id.x;
}
