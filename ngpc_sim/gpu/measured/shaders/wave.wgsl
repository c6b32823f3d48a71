// Odd periodic function of period 1 made of parabolas, as the bundled scenes have it.
fn wave(x: f32) -> f32 {
  let f = x - floor(x + 0.5);
  return 8.0 * f * (1.0 - 2.0 * abs(f));
}
