// In place of a trained network: the distance to the figure of the bundled scene nsdf-object.
fn melted(a: f32, b: f32) -> f32 {
  let h = max(0.06 - abs(a - b), 0.0) / 0.06;
  return min(a, b) - h * h * (0.06 * 0.25);
}

fn figure_distance(at: vec3<f32>) -> f32 {
  let p = vec3(abs(at.x - 0.5), at.y - 0.5, at.z - 0.5);
  let body = length(p + vec3(0.0, 0.02, 0.0)) - 0.2;
  let head = length(p - vec3(0.0, 0.26, 0.04)) - 0.11;
  let along = clamp(((p.x - 0.12) * 0.24 + (p.y - 0.06) * 0.2) / 0.0976, 0.0, 1.0);
  let arm = length(p - vec3(0.12 + 0.24 * along, 0.06 + 0.2 * along, 0.02)) - 0.05;
  let ring = sqrt(p.x * p.x + p.z * p.z) - 0.27;
  let base = sqrt(ring * ring + (p.y + 0.33) * (p.y + 0.33)) - 0.07;
  let d = melted(melted(melted(body, head), arm), base);
  return (d - 0.006 * (wave(9.0 * p.x) * wave(9.0 * p.y) * wave(9.0 * p.z))) * 0.8;
}

@group(0) @binding(6) var<storage, read> positions: array<f32>;
@group(0) @binding(8) var<storage, read_write> outputs: array<f32>;

@compute @workgroup_size(THREADS)
fn field(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.rays { return; }
  outputs[i] = figure_distance(vec3(positions[3u * i], positions[3u * i + 1u], positions[3u * i + 2u]));
}
