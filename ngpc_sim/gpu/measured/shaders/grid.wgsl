// Cells, fractions and table entries of queries in a grid of D axes: facts of tiny-cuda-nn 6ee3546 (encodings/grid.h,
// common_device.h), written anew. `factors` are primes of a hashed level, joined by an exclusive or, or strides.
struct Level { scale: f32, entries: u32, offset: u32, hashed: u32, factors: vec4<u32> }
struct Place { cell: array<u32, D>, fraction: array<f32, D> }

@group(0) @binding(0) var<storage, read> levels: array<Level>;
// STRIDE floats a query, of which the first D are its position
@group(0) @binding(1) var<storage, read> positions: array<f32>;
// x: queries; y: queries that a row of features has room for
@group(0) @binding(2) var<uniform> queries: vec4<u32>;

fn place_of(level: u32, i: u32) -> Place {
  var place: Place;
  for (var d = 0u; d < D; d++) {
    let p = fma(levels[level].scale, positions[i * STRIDE + d], 0.5);
    let whole = floor(p);
    var w = p - whole;
    if SMOOTH { w = w * w * (3.0 - 2.0 * w); }
    place.cell[d] = bitcast<u32>(i32(whole));
    place.fraction[d] = w;
  }
  return place;
}

// Entry of a corner inside its level; bit d of a corner is +1 on axis d.
fn entry_of(level: u32, cell: array<u32, D>, corner: u32) -> u32 {
  var index = 0u;
  for (var d = 0u; d < D; d++) {
    let part = (cell[d] + ((corner >> d) & 1u)) * levels[level].factors[d];
    if levels[level].hashed != 0u { index ^= part; } else { index += part; }
  }
  return index % levels[level].entries;
}

fn weight_of(fraction: array<f32, D>, corner: u32) -> f32 {
  var weight = 1.0;
  for (var d = 0u; d < D; d++) {
    weight *= select(1.0 - fraction[d], fraction[d], ((corner >> d) & 1u) == 1u);
  }
  return weight;
}
