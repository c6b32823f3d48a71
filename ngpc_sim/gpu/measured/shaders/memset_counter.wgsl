// Clears the counter of rays alive.
@group(0) @binding(4) var<storage, read_write> counters: array<u32>;

@compute @workgroup_size(THREADS)
fn memset_counter(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x == 0u { counters[call.turn] = 0u; }
}
