// Spherical harmonics of degree 4 of a query's direction, in rows 16 to 31 of what the colour network reads.
@group(0) @binding(6) var<storage, read> inputs: array<f32>;
@group(0) @binding(8) var<storage, read_write> harmonics: array<narrow>;

@compute @workgroup_size(THREADS)
fn kernel_sh(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.room { return; }
  let at = i * INPUTS + 4u;
  let x = inputs[at] * 2.0 - 1.0;
  let y = inputs[at + 1u] * 2.0 - 1.0;
  let z = inputs[at + 2u] * 2.0 - 1.0;
  let values = array<f32, 16>(
    0.28209479,
    -0.48860251 * y, 0.48860251 * z, -0.48860251 * x,
    1.09254843 * x * y, -1.09254843 * y * z, 0.31539157 * (3.0 * z * z - 1.0), -1.09254843 * x * z,
    0.54627421 * (x * x - y * y),
    0.59004359 * y * (y * y - 3.0 * x * x), 2.89061144 * x * y * z, 0.45704579 * y * (1.0 - 5.0 * z * z),
    0.37317633 * z * (5.0 * z * z - 3.0), 0.45704579 * x * (1.0 - 5.0 * z * z), 1.44530572 * z * (x * x - y * y),
    0.59004359 * x * (3.0 * y * y - x * x),
  );
  for (var row = 0u; row < 16u; row++) {
    harmonics[(16u + row) * call.room + i] = narrow(values[row]);
  }
}
