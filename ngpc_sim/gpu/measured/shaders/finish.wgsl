// The end of a pixel in a fused kernel: mean over samples and picture, without the frame buffer between.
@group(0) @binding(2) var<storage, read_write> accumulated: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> surface: array<u32>;

fn finish(pixel: u32, colour: vec4<f32>) {
  let mean = mean_of(accumulated[pixel], colour);
  accumulated[pixel] = mean;
  surface[pixel] = surface_of(mean);
}
