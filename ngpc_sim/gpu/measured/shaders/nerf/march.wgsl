// Steps on a ray's lattice, from one occupied cell to the next. Points are told from the middle of the box, (0.5, 0.5,
// 0.5). Where `growth` is 0 all steps are `least_step`; else they are that up to the distance `near`, `most_step` from
// `far` on, and grow with the distance between; `n_near` and `n_far` are the numbers on the lattice there.
struct March { growth: f32, near: f32, far: f32, n_near: f32, n_far: f32, least_step: f32, most_step: f32, cascades: u32 }

@group(0) @binding(5) var<uniform> march: March;

const NEVER = 3e38;

fn to_steps(t: f32) -> f32 {
  if march.growth == 0.0 { return t / march.least_step; }
  if t <= march.near { return (t - march.near) / march.least_step + march.n_near; }
  if t <= march.far { return log_of(t) / march.growth; }
  return (t - march.far) / march.most_step + march.n_far;
}

fn from_steps(n: f32) -> f32 {
  if march.growth == 0.0 { return n * march.least_step; }
  if n <= march.n_near { return march.near + (n - march.n_near) * march.least_step; }
  if n <= march.n_far { return exp_of(n * march.growth); }
  return march.far + (n - march.n_far) * march.most_step;
}

// Cells of a cascade a unit of length.
fn cells_of(cascade: u32) -> f32 {
  return f32(CELLS) / f32(1u << cascade);
}

fn occupied(cascade: u32, point: vec3<f32>) -> bool {
  return is_on(cascade, vec3<i32>(floor(point * cells_of(cascade))) + CELLS / 2);
}

fn cascade_of(point: vec3<f32>) -> u32 {
  let reach = max(max(abs(point.x), abs(point.y)), abs(point.z));
  var cascade = 0u;
  while cascade + 1u < march.cascades && reach >= 0.5 * f32(1u << cascade) { cascade++; }
  return cascade;
}

// Along one axis, in cells: how far until the next one.
fn to_border(position: f32, direction: f32) -> f32 {
  if direction == 0.0 { return NEVER; }
  let border = floor(position) + select(0.0, 1.0, direction > 0.0);
  return max((border - position) / direction, 0.0);
}

// The first distance on the lattice, `t` or behind it, in an occupied cell; NEVER where the ray leaves the box.
fn next_occupied(first: f32, d: vec3<f32>) -> f32 {
  var t = first;
  let half = 0.5 * (frame.high.x - frame.low.x);
  for (var skip = 0u; skip < MOST_SKIPS; skip++) {
    let point = (frame.origin - 0.5) + t * d;
    if any(abs(point) > vec3(half)) { return NEVER; }
    var cascade = cascade_of(point);
    if occupied(cascade, point) { return t; }
    while cascade + 1u < march.cascades && !occupied(cascade + 1u, point) { cascade++; }
    let scale = cells_of(cascade);
    let at = point * scale;
    let cells = min(min(to_border(at.x, d.x), to_border(at.y, d.y)), to_border(at.z, d.z));
    let n = to_steps(t);
    t = from_steps(n + max(ceil(to_steps(t + cells / scale) - n), 1.0));
  }
  return NEVER;
}
