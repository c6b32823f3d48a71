// A small kernel: adds one to its element of `values` and multiplies and adds so many times more.

@group(0) @binding(0) var<storage, read_write> values: array<f32>;
@group(0) @binding(1) var<uniform> rounds: u32;

@compute @workgroup_size(256)
fn work(@builtin(global_invocation_id) thread: vec3u) {
  let value = values[thread.x] + 1.0;
  var x = value;
  for (var round = 0u; round < rounds; round++) { x = fma(x, 0.5, 1.0); }
  values[thread.x] = select(value, x, x == 12345.0);
}
