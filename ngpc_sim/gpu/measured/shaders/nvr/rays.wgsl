// A ray of the camera between two tentative collisions; `draws`: random numbers that it has used, which a ray of the
// application does not keep, for it draws from another sequence.
struct Ray { x: f32, y: f32, z: f32, red: f32, green: f32, blue: f32, opacity: f32, pixel: u32 }
struct State { position: vec3<f32>, ray: Ray, draws: u32 }

// What is behind the cloud, assumed.
const SKY = vec3<f32>(0.35, 0.5, 0.8);

fn direction(ray: Ray) -> vec3<f32> {
  return vec3(ray.x, ray.y, ray.z);
}

// Whether the cell is on whose number is nearest to a point, in steps of 1/128.
fn occupied(point: vec3<f32>) -> bool {
  return is_on(0u, vec3<i32>(floor(0.5 + point * 128.0)));
}

// The state at its next tentative collision, and whether there is one.
struct Walked { state: State, stays: bool }

// Walks STEPS_A_UNIT steps a unit of length on average, where the density is the majorant.
fn walked(before: State) -> Walked {
  var walk = Walked(before, false);
  let d = direction(before.ray);
  let pixel = before.ray.pixel;
  let mean = 1.0 / (STEPS_A_UNIT * frame.majorant);
  while walk.state.draws < MOST_DRAWS {
    let counter = vec2((pixel << 16u) | walk.state.draws, pixel >> 16u);
    let step = -log_of(1.0 - uniform_of(counter, frame.seed)) * mean;
    walk.state.draws++;
    walk.state.position += step * d;
    if !inside(walk.state.position) { break; }
    if occupied(walk.state.position) {
      walk.stays = true;
      break;
    }
  }
  return walk;
}

// A ray of the camera at its first tentative collision.
fn entered(pixel: u32) -> Walked {
  let d = direction_of(pixel);
  let t = entry_distance(d);
  let state = State(frame.origin + t * d, Ray(d.x, d.y, d.z, 0.0, 0.0, 0.0, 0.0, pixel), 0u);
  if t < 0.0 { return Walked(state, false); }
  return walked(state);
}

// A collision: adds its share of colour and opacity.
fn collided(before: Ray, colour: vec3<f32>, density: f32) -> Ray {
  var ray = before;
  let share = min(1.0, density / frame.majorant) * (1.0 - ray.opacity);
  ray.red += share * colour.x;
  ray.green += share * colour.y;
  ray.blue += share * colour.z;
  ray.opacity += share;
  return ray;
}

// What a ray that ended shows.
fn shown(ray: Ray) -> vec4<f32> {
  return vec4(vec3(ray.red, ray.green, ray.blue) + (1.0 - ray.opacity) * SKY, 1.0);
}
