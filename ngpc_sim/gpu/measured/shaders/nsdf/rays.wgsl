// Rays that walk to a surface: from the camera, or from a hit to the sun, where `pixel` is the number of the hit.
// `before`: the distance that the step before saw, `total`: how far the ray has come, `visibility`: least share of the
// sun that it saw.
struct Ray { x: f32, y: f32, z: f32, pixel: u32, life: u32, before: f32, total: f32, visibility: f32 }
struct State { position: vec3<f32>, ray: Ray }

const GONE = 0u;
const ALIVE = 1u;
const HIT = 2u;
const NO_DISTANCE = 1e20;
// How sharp the edge of a shadow is (shadow_sharpness of instant-ngp, testbed.h).
const SHARPNESS = 2048.0;

fn direction(ray: Ray) -> vec3<f32> {
  return vec3(ray.x, ray.y, ray.z);
}

fn started(position: vec3<f32>, d: vec3<f32>, pixel: u32, life: u32) -> State {
  return State(position, Ray(d.x, d.y, d.z, pixel, life, NO_DISTANCE, 0.0, 1.0));
}

// A ray of the camera at its entry into the box; GONE where it misses it.
fn entered(pixel: u32) -> State {
  let d = direction_of(pixel);
  let t = entry_distance(d);
  return started(frame.origin + t * d, d, pixel, select(ALIVE, GONE, t < 0.0));
}

// Share of the sun that passes a surface at a distance, seen from where the ray is: a circle around each of the last two
// points bounds where the surface is nearest.
fn share_seen(ray: Ray, distance: f32) -> f32 {
  let back = distance * distance / (2.0 * ray.before);
  let wide = sqrt(max(distance * distance - back * back, 0.0));
  return min(ray.visibility, SHARPNESS * wide / max(ray.total - back, 1e-30));
}

// A ray behind its step, of STEP_SHARE of the distance. One that ends in the box has hit something: its step is
// LEAST_STEP or less.
fn advanced(before: State, distance: f32) -> State {
  var state = before;
  if state.ray.life != ALIVE { return state; }
  let step = STEP_SHARE * distance;
  state.position += step * direction(state.ray);
  if call.shadow != 0u { state.ray.visibility = share_seen(state.ray, distance); }
  state.ray.before = distance;
  state.ray.total += step;
  if !inside(state.position) {
    state.ray.life = GONE;
  } else if step <= LEAST_STEP {
    state.ray.life = HIT;
    if call.shadow != 0u { state.ray.visibility = 0.0; }
  }
  return state;
}
