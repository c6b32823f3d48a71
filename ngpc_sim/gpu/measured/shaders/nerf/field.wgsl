// In place of trained networks: colours that follow the position, and the density of a soft surface of SIGMA, SOFTNESS wide.
@group(0) @binding(6) var<storage, read> inputs: array<f32>;
@group(0) @binding(8) var<storage, read_write> rows: array<narrow>;

@compute @workgroup_size(THREADS)
fn field(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.room { return; }
  let at = vec3(inputs[i * INPUTS], inputs[i * INPUTS + 1u], inputs[i * INPUTS + 2u]);
  let d = surface_distance(at * (frame.high - frame.low) + frame.low);
  let x = min(d, 0.5) / SOFTNESS;
  rows[i] = narrow(4.0 * at.x - 2.0);
  rows[call.room + i] = narrow(4.0 * at.y - 2.0);
  rows[2u * call.room + i] = narrow(2.0 - 4.0 * at.z);
  rows[3u * call.room + i] = narrow(log_of(SIGMA) - select(log_of(1.0 + exp_of(x)), x, x > 60.0));
}
