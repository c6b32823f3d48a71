// The beginning of a ray.
fn entered(pixel: u32) -> Ray {
  let d = direction_of(pixel);
  let t = entry_distance(d);
  let o = frame.origin;
  return Ray(o.x, o.y, o.z, t, d.x, d.y, d.z, 0.0, pixel, select(1u, 0u, t < 0.0));
}

// The ray behind a random part of a step, in its first occupied cell; it ends where there is none.
fn set_out(before: Ray) -> Ray {
  var ray = before;
  if !goes_on(ray) { return ray; }
  let steps = to_steps(ray.t) + uniform_of(vec2(ray.pixel, 0u), frame.seed);
  ray.t = next_occupied(from_steps(steps), direction(ray));
  if ray.t == NEVER { ray.life = 0u; }
  return ray;
}
