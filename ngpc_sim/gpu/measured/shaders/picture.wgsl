// From the colour of a sample to the picture: mean over samples, exposure, and 8 bits a channel by sRGB's curve.
fn mean_of(mean: vec4<f32>, colour: vec4<f32>) -> vec4<f32> {
  return (mean * frame.samples + colour) / (frame.samples + 1.0);
}

fn power_of(x: f32, exponent: f32) -> f32 {
  return exp_of(exponent * log_of(x));
}

fn channel_of(linear: f32) -> u32 {
  let x = clamp(linear, 0.0, 1.0);
  var y = 12.92 * x;
  if x > 0.0031308 { y = 1.055 * power_of(x, 1.0 / 2.4) - 0.055; }
  return u32(floor(y * 255.0 + 0.5));
}

fn surface_of(mean: vec4<f32>) -> u32 {
  let light = mean.xyz * frame.exposure;
  let alpha = u32(floor(clamp(mean.w, 0.0, 1.0) * 255.0 + 0.5));
  return channel_of(light.x) | (channel_of(light.y) << 8u) | (channel_of(light.z) << 16u) | (alpha << 24u);
}

fn linear_channel(srgb: f32) -> f32 {
  if srgb <= 0.04045 { return srgb / 12.92; }
  return power_of((srgb + 0.055) / 1.055, 2.4);
}

fn linear_of(srgb: vec3<f32>) -> vec3<f32> {
  return vec3(linear_channel(srgb.x), linear_channel(srgb.y), linear_channel(srgb.z));
}
