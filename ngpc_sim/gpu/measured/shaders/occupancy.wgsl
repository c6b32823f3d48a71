// Cells that are on: cascades of 128^3 bits in Morton order, least significant bit first.
@group(0) @binding(15) var<storage, read> occupancy: array<u32>;

const CELLS = 128;

fn spread(bits: u32) -> u32 {
  var value = bits;
  value = (value | (value << 16u)) & 0x030000ffu;
  value = (value | (value << 8u)) & 0x0300f00fu;
  value = (value | (value << 4u)) & 0x030c30c3u;
  return (value | (value << 2u)) & 0x09249249u;
}

// Whether a cell of a cascade is on; cells outside it are off.
fn is_on(cascade: u32, cell: vec3<i32>) -> bool {
  if any(cell < vec3(0)) || any(cell >= vec3(CELLS)) { return false; }
  let own = vec3<u32>(cell);
  let index = spread(own.x) | (spread(own.y) << 1u) | (spread(own.z) << 2u);
  return ((occupancy[cascade * 65536u + (index >> 5u)] >> (index & 31u)) & 1u) != 0u;
}
