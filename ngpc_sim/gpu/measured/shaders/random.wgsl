// Random numbers by counter, the same as those of ngpc_sim.trace.loops.portable_math.uniform: splitmix64's finaliser.
// A number of 64 bits is its low half x and its high half y.
fn wide_product(a: u32, b: u32) -> vec2<u32> {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let one = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (one & 0xffffu);
  return vec2(a * b, (a >> 16u) * (b >> 16u) + (one >> 16u) + (other >> 16u));
}

fn product(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let low = wide_product(a.x, b.x);
  return vec2(low.x, low.y + a.x * b.y + a.y * b.x);
}

// a xor (a >> n), for n of 1 to 31.
fn folded(a: vec2<u32>, n: u32) -> vec2<u32> {
  return a ^ vec2((a.x >> n) | (a.y << (32u - n)), a.y >> n);
}

// In [0, 1), 24 bits; `seed` is the seed's product, from the host.
fn uniform_of(counter: vec2<u32>, seed: vec2<u32>) -> f32 {
  var mixed = product(counter, vec2(0x7f4a7c15u, 0x9e3779b9u)) ^ seed;
  mixed = product(folded(mixed, 30u), vec2(0x1ce4e5b9u, 0xbf58476du));
  mixed = product(folded(mixed, 27u), vec2(0x133111ebu, 0x94d049bbu));
  mixed = folded(mixed, 31u);
  return f32(mixed.y >> 8u) * (1.0 / 16777216.0);
}
