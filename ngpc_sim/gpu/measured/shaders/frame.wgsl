// What all kernels of a frame know. `right`, `down` and `forward` take offsets on the film, in image heights, to a
// direction; `film`: offset of a ray in its pixel, and centre as fractions of the image; `low` and `high`: the box.
struct Frame {
  origin: vec3<f32>, width: u32,
  right: vec3<f32>, height: u32,
  down: vec3<f32>, samples: f32,
  forward: vec3<f32>, exposure: f32,
  low: vec3<f32>, target_shown: u32,
  high: vec3<f32>, majorant: f32,
  film: vec4<f32>,
  seed: vec2<u32>, image: vec2<u32>,
}

@group(0) @binding(0) var<uniform> frame: Frame;
