// Exponential and logarithm from sums, products and a division, as ngpc_sim.trace.loops.portable_math has them, in f32:
// WGSL's own may differ from card to card, and no twin could follow them.
fn exp_of(x: f32) -> f32 {
  let y = clamp(x, -87.0, 88.0);
  let k = floor(y * 1.44269504 + 0.5);
  let r = (y - k * 0.693359375) - k * -2.12194440e-4;
  var sum = 1.0 / 5040.0;
  sum = sum * r + 1.0 / 720.0;
  sum = sum * r + 1.0 / 120.0;
  sum = sum * r + 1.0 / 24.0;
  sum = sum * r + 1.0 / 6.0;
  sum = sum * r + 0.5;
  sum = sum * r + 1.0;
  sum = sum * r + 1.0;
  return sum * bitcast<f32>(u32(i32(k) + 127) << 23u);
}

// Natural logarithm of a normal x > 0.
fn log_of(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  var exponent = f32(i32(bits >> 23u) - 127);
  var mantissa = bitcast<f32>((bits & 0x7fffffu) | 0x3f800000u);
  if mantissa > 1.41421356 {
    mantissa *= 0.5;
    exponent += 1.0;
  }
  let s = (mantissa - 1.0) / (mantissa + 1.0);
  let square = s * s;
  var sum = 1.0 / 11.0;
  sum = sum * square + 1.0 / 9.0;
  sum = sum * square + 1.0 / 7.0;
  sum = sum * square + 0.2;
  sum = sum * square + 1.0 / 3.0;
  sum = sum * square + 1.0;
  return (2.0 * s * sum + exponent * -2.12194440e-4) + exponent * 0.693359375;
}
