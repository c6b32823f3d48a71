// A ray of the camera. `weight`: the largest one of its samples, with whose distance goes its depth. `life`: bit 0,
// whether it goes on; above, samples that it has in this call.
struct Ray { from_x: f32, from_y: f32, from_z: f32, t: f32, x: f32, y: f32, z: f32, weight: f32, pixel: u32, life: u32 }
// Colour and opacity so far, and depth.
struct State { ray: Ray, rgba: vec4<f32>, depth: f32 }

// A ray is opaque from this on; the f32 nearest to 0.99 is above it.
const OPAQUE = 0.99;
// A ray that ended is shown with more opacity than this.
const SHOWN = 0.001;
// Numbers of a query: position, length of the step, direction.
const INPUTS = 7u;

fn direction(ray: Ray) -> vec3<f32> {
  return vec3(ray.x, ray.y, ray.z);
}

fn goes_on(ray: Ray) -> bool {
  return (ray.life & 1u) != 0u;
}
