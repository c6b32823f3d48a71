// Takes the OUT rows that are used of a network's rows to f32, query by query.
@group(0) @binding(2) var<storage, read> rows: array<narrow>;
@group(0) @binding(3) var<storage, read_write> outputs: array<f32>;

@compute @workgroup_size(THREADS)
fn trim_and_cast(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.room { return; }
  for (var row = 0u; row < OUT; row++) {
    outputs[i * OUT + row] = f32(rows[row * call.room + i]);
  }
}
