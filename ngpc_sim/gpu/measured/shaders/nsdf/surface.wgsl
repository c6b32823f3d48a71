// At a hit: points of the central differences, EPSILON beside it; the ray to the sun, which starts OFFSET off the surface on
// the viewer's side; and the colour, assumed.
const SUN = vec3<f32>(0.57735027, 0.57735027, 0.57735027);
const ALBEDO = vec3<f32>(0.8, 0.6, 0.4);

fn offset_of(hit: vec3<f32>, axis: u32, sign: f32) -> vec3<f32> {
  var point = hit;
  point[axis] += sign * EPSILON;
  return point;
}

// The gradient with one more of its six values; the first one of an axis begins it.
fn combined(gradient: vec3<f32>, output: f32) -> vec3<f32> {
  var more = gradient;
  more[call.axis] = select(more[call.axis] - output, output, call.sign > 0.0);
  return more;
}

// Unit normal on the viewer's side.
fn facing(gradient: vec3<f32>, view: vec3<f32>) -> vec3<f32> {
  let square = gradient.x * gradient.x + gradient.y * gradient.y + gradient.z * gradient.z;
  let scale = 1.0 / sqrt(max(square, 1e-30));
  let along = gradient.x * view.x + gradient.y * view.y + gradient.z * view.z;
  return gradient * select(scale, -scale, along > 0.0);
}

fn to_sun(hit: vec3<f32>, normal: vec3<f32>, number: u32) -> State {
  return started(hit + OFFSET * normal, SUN, number, ALIVE);
}

fn lit(normal: vec3<f32>, visibility: f32) -> vec4<f32> {
  let cosine = max(normal.x * SUN.x + normal.y * SUN.y + normal.z * SUN.z, 0.0);
  let light = 0.2 + 0.8 * (visibility * cosine);
  return vec4(ALBEDO * light, 1.0);
}
