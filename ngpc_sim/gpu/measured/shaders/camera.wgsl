// Rays of pixels through a pinhole, and where they enter the box, by slabs. In all kernels a sum begins with what is no
// product, and no constant is added to a sum with another: drivers put such sums in another order (Mesa's NIR does).
fn direction_of(pixel: u32) -> vec3<f32> {
  let height = f32(frame.height);
  let u = (f32(pixel % frame.width) + frame.film.x - frame.film.z * f32(frame.width)) / height;
  let v = (f32(pixel / frame.width) + frame.film.y - frame.film.w * height) / height;
  let d = frame.forward + u * frame.right + v * frame.down;
  return d * (1.0 / sqrt(d.x * d.x + d.y * d.y + d.z * d.z));
}

fn inside(p: vec3<f32>) -> bool {
  return all(frame.low <= p) && all(p <= frame.high);
}

// Distance at which a ray is just inside the box; below 0 where it misses.
fn entry_distance(direction: vec3<f32>) -> f32 {
  var near = -1e30;
  var far = 1e30;
  for (var axis = 0u; axis < 3u; axis++) {
    let from_ = frame.origin[axis];
    if direction[axis] == 0.0 {
      if from_ < frame.low[axis] || from_ > frame.high[axis] { return -1.0; }
      continue;
    }
    let first = (frame.low[axis] - from_) / direction[axis];
    let second = (frame.high[axis] - from_) / direction[axis];
    near = max(near, min(first, second));
    far = min(far, max(first, second));
  }
  if near > far || far < 0.0 { return -1.0; }
  let t = max(near, 0.0) + 1e-6;
  return select(-1.0, t, inside(frame.origin + t * direction));
}
