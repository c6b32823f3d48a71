// A link of a chain of dispatches: adds one to a word a thread, and multiplies and adds so many rounds beside it.
@group(0) @binding(0) var<storage, read_write> words: array<f32>;
@group(0) @binding(1) var<uniform> rounds: vec4<u32>;

@compute @workgroup_size(THREADS)
fn link(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  let word = words[i] + 1.0;
  var x = word;
  for (var round = 0u; round < rounds.x; round++) {
    x = fma(x, 0.5, 1.0);
  }
  words[i] = select(word, x, x == 12345.0);
}
