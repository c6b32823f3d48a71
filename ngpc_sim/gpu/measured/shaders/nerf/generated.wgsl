// What the network reads next.
@group(0) @binding(14) var<storage, read_write> inputs_to: array<f32>;

fn write_sample(slot: u32, ray: Ray, t: f32, length: f32) {
  let d = direction(ray);
  let world = (frame.origin - frame.low) + t * d;
  let position = world / (frame.high - frame.low);
  let at = slot * INPUTS;
  inputs_to[at] = position.x;
  inputs_to[at + 1u] = position.y;
  inputs_to[at + 2u] = position.z;
  inputs_to[at + 3u] = length;
  inputs_to[at + 4u] = 0.5 + 0.5 * d.x;
  inputs_to[at + 5u] = 0.5 + 0.5 * d.y;
  inputs_to[at + 6u] = 0.5 + 0.5 * d.z;
}

// Up to `steps` samples of a ray, the first one in slot `first`, the others `apart`; the ray behind them.
fn generated(before: Ray, steps: u32, first: u32, apart: u32) -> Ray {
  var ray = before;
  var count = 0u;
  for (; count < steps; count++) {
    let t = next_occupied(ray.t, direction(ray));
    ray.t = t;
    if t == NEVER { break; }
    let length = from_steps(to_steps(t) + 1.0) - t;
    write_sample(first + count * apart, ray, t, length);
    ray.t = t + length;
  }
  ray.life = (ray.life & 1u) | (count << 1u);
  return ray;
}
