// Multiply-adds in f32: eight independent vectors of four a thread, x of `work` rounds of 64 multiply-adds each.
@group(0) @binding(0) var<storage, read_write> sums: array<vec4<f32>>;
@group(0) @binding(1) var<uniform> work: vec4<u32>;

@compute @workgroup_size(THREADS)
fn multiply_add(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  let by = vec4(0.999);
  let more = vec4(0.001);
  var a = vec4(f32(i));
  var b = a + 1.0;
  var c = a + 2.0;
  var d = a + 3.0;
  var e = a + 4.0;
  var f = a + 5.0;
  var g = a + 6.0;
  var h = a + 7.0;
  for (var round = 0u; round < work.x; round++) {
    a = fma(a, by, more); b = fma(b, by, more); c = fma(c, by, more); d = fma(d, by, more);
    e = fma(e, by, more); f = fma(f, by, more); g = fma(g, by, more); h = fma(h, by, more);
    a = fma(a, by, more); b = fma(b, by, more); c = fma(c, by, more); d = fma(d, by, more);
    e = fma(e, by, more); f = fma(f, by, more); g = fma(g, by, more); h = fma(h, by, more);
  }
  sums[i] = a + b + c + d + e + f + g + h;
}
