// A link of a chain of dispatches: adds one to a word a thread.
@group(0) @binding(0) var<storage, read_write> words: array<f32>;

@compute @workgroup_size(THREADS)
fn link(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  words[item_of(id, groups)] += 1.0;
}
