// In place of a trained network: the density of the bundled scene nvr-cloud, and a colour that follows the height.
@group(0) @binding(6) var<storage, read> positions: array<f32>;
@group(0) @binding(12) var<storage, read_write> outputs: array<f32>;

// Counter of a corner of the lattice: three numbers of 20 bits each, side by side.
fn corner_of(cell: vec3<u32>) -> vec2<u32> {
  return vec2(cell.z ^ (cell.y << 20u), (cell.y >> 12u) ^ (cell.x << 8u));
}

fn lattice_noise(p: vec3<f32>, octave: u32) -> f32 {
  let cell = floor(p);
  let f = p - cell;
  let w = f * f * (3.0 - 2.0 * f);
  let first = vec3<u32>(vec3<i32>(cell));
  var sum = 0.0;
  for (var corner = 0u; corner < 8u; corner++) {
    let ones = (vec3(corner) >> vec3(0u, 1u, 2u)) & vec3(1u);
    let weights = select(1.0 - w, w, ones == vec3(1u));
    sum += weights.x * weights.y * weights.z * uniform_of(corner_of(first + ones), salts[octave]);
  }
  return sum;
}

// Products of the octaves' seeds.
@group(0) @binding(13) var<storage, read> salts: array<vec2<u32>>;
// Centre and radius of a puff each.
@group(0) @binding(14) var<storage, read> puffs: array<vec4<f32>>;

fn cloud_density(p: vec3<f32>) -> f32 {
  var depth = 0.0;
  for (var puff = 0u; puff < arrayLength(&puffs); puff++) {
    depth = max(depth, 1.0 - length(p - puffs[puff].xyz) / puffs[puff].w);
  }
  if depth <= 0.0 { return 0.0; }
  var noise = 0.0;
  var amplitude = 0.5;
  var frequency = FREQUENCY;
  for (var octave = 0u; octave < OCTAVES; octave++) {
    noise += amplitude * lattice_noise(p * frequency, octave);
    amplitude *= 0.5;
    frequency *= 2.0;
  }
  return clamp((depth - ROUGHNESS * noise + 0.35) * GAIN * depth, 0.0, 1.0);
}

@compute @workgroup_size(THREADS)
fn field(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.rays { return; }
  let p = vec3(positions[3u * i], positions[3u * i + 1u], positions[3u * i + 2u]);
  outputs[4u * i] = 0.5 + 0.5 * p.y;
  outputs[4u * i + 1u] = 0.6 + 0.3 * p.y;
  outputs[4u * i + 2u] = 0.8 + 0.1 * p.y;
  outputs[4u * i + 3u] = cloud_density(p);
}
