// A ray of the camera. `weight`: the largest one of its samples, with whose distance goes its depth. `life`: bit 0,
// whether it goes on; above, samples that it has in this call.
struct Ray { from_x: f32, from_y: f32, from_z: f32, t: f32, x: f32, y: f32, z: f32, weight: f32, pixel: u32, life: u32 }
// Colour and opacity so far, and depth.
struct State { ray: Ray, rgba: vec4<f32>, depth: f32 }

// A ray that ended is shown with more opacity than this (compact_kernel_nerf of instant-ngp, testbed_nerf.cu).
const SHOWN = 0.001;

fn direction(ray: Ray) -> vec3<f32> {
  return vec3(ray.x, ray.y, ray.z);
}

fn goes_on(ray: Ray) -> bool {
  return (ray.life & 1u) != 0u;
}
