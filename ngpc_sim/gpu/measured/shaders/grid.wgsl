// Cells, fractions and table entries of queries in a grid of D axes: facts of tiny-cuda-nn 6ee3546 (encodings/grid.h,
// common_device.h), written anew. `factors` are primes of a hashed level, joined by an exclusive or, or strides that are
// summed; a grid of two axes has 0 for the third.
struct Level { scale: f32, entries: u32, offset: u32, hashed: u32, factors: vec4<u32> }
struct Place { cell: vec3<u32>, fraction: vec3<f32> }

@group(0) @binding(0) var<storage, read> levels: array<Level>;
// STRIDE floats a query, of which the first D are its position
@group(0) @binding(1) var<storage, read> positions: array<f32>;
// x: queries; y: queries that a row of features has room for
@group(0) @binding(2) var<uniform> queries: vec4<u32>;

fn position_of(i: u32) -> vec3<f32> {
  let first = i * STRIDE;
  var position = vec3(positions[first], positions[first + 1u], 0.0);
  if D == 3u { position.z = positions[first + 2u]; }
  return position;
}

fn place_of(level: Level, position: vec3<f32>) -> Place {
  let p = fma(vec3(level.scale), position, vec3(0.5));
  let whole = floor(p);
  var w = p - whole;
  if SMOOTH { w = w * w * (3.0 - 2.0 * w); }
  return Place(bitcast<vec3<u32>>(vec3<i32>(whole)), w);
}

// Which axes a corner is +1 on: bit d is that of axis d.
fn ones_of(corner: u32) -> vec3<u32> {
  return (vec3(corner) >> vec3(0u, 1u, 2u)) & vec3(1u);
}

// Entry of a corner inside its level.
fn entry_of(level: Level, cell: vec3<u32>, corner: u32) -> u32 {
  let parts = (cell + ones_of(corner)) * level.factors.xyz;
  let index = select(parts.x + parts.y + parts.z, parts.x ^ parts.y ^ parts.z, level.hashed != 0u);
  return index % level.entries;
}

fn weight_of(fraction: vec3<f32>, corner: u32) -> f32 {
  let w = select(1.0 - fraction, fraction, ones_of(corner) == vec3(1u));
  return select(w.x * w.y, w.x * w.y * w.z, D == 3u);
}
