// Bytes moved: 16 a thread and load, so that 32 threads touch 512 bytes. x of `work`: quads (16 bytes each) of a buffer,
// a power of two, y: loads of a thread, a multiple of 4.
@group(0) @binding(0) var<storage, read> from_: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> to: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> work: vec4<u32>;

// Writes a sum that has one value, so that no compiler leaves out the reads.
fn keep(i: u32, sum: vec4<f32>) {
  if sum.x == 12345.0 { to[i & (work.x - 1u)] = sum; }
}

// Every 32 threads read 512 bytes at a time, of the whole buffer in no order.
@compute @workgroup_size(THREADS)
fn read_scattered(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  var next = (i / 32u) * 2654435761u;
  var sum = vec4(0.0);
  for (var load = 0u; load < work.y; load += 4u) {
    let a = next * 1664525u + 1013904223u;
    let b = a * 1664525u + 1013904223u;
    let c = b * 1664525u + 1013904223u;
    next = c * 1664525u + 1013904223u;
    sum += from_[((a >> 9u) * 32u + i % 32u) & (work.x - 1u)] + from_[((b >> 9u) * 32u + i % 32u) & (work.x - 1u)]
         + from_[((c >> 9u) * 32u + i % 32u) & (work.x - 1u)] + from_[((next >> 9u) * 32u + i % 32u) & (work.x - 1u)];
  }
  keep(i, sum);
}

// All threads together read the buffer from its beginning on, and again from there.
@compute @workgroup_size(THREADS)
fn read_in_order(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  let step = groups.x * groups.y * THREADS;
  var at = i;
  var sum = vec4(0.0);
  for (var load = 0u; load < work.y; load += 4u) {
    sum += from_[at & (work.x - 1u)] + from_[(at + step) & (work.x - 1u)] + from_[(at + 2u * step) & (work.x - 1u)]
         + from_[(at + 3u * step) & (work.x - 1u)];
    at += 4u * step;
  }
  keep(i, sum);
}

// All threads together copy the buffer from its beginning on, and again from there.
@compute @workgroup_size(THREADS)
fn copy_in_order(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let step = groups.x * groups.y * THREADS;
  var at = item_of(id, groups);
  for (var load = 0u; load < work.y; load += 4u) {
    let a = from_[at & (work.x - 1u)];
    let b = from_[(at + step) & (work.x - 1u)];
    let c = from_[(at + 2u * step) & (work.x - 1u)];
    let d = from_[(at + 3u * step) & (work.x - 1u)];
    to[at & (work.x - 1u)] = a;
    to[(at + step) & (work.x - 1u)] = b;
    to[(at + 2u * step) & (work.x - 1u)] = c;
    to[(at + 3u * step) & (work.x - 1u)] = d;
    at += 4u * step;
  }
}
