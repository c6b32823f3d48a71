// What a ray that ended shows before black.
fn shown(rgba: vec4<f32>) -> vec4<f32> {
  return vec4(linear_of(rgba.xyz), rgba.w);
}
