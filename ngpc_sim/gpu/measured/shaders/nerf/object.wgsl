// Distance to the carved ball of the bundled scene nerf-object.
fn surface_distance(p: vec3<f32>) -> f32 {
  let c = p - 0.5;
  let ball = length(c) - 0.38;
  let w = 4.0 * c;
  let gyroid = wave(w.x) * wave(w.y + 0.25) + wave(w.y) * wave(w.z + 0.25) + wave(w.z) * wave(w.x + 0.25);
  return max(ball, (abs(gyroid) - 0.45) / 48.0);
}
