// Colours of rays that are shown, into the frame.
@group(0) @binding(2) var<storage, read_write> colours: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> depths: array<f32>;
@group(0) @binding(16) var<storage, read> hit_rays: array<Ray>;
@group(0) @binding(17) var<storage, read> hit_rgba: array<vec4<f32>>;
@group(0) @binding(18) var<storage, read> hit_depths: array<f32>;

@compute @workgroup_size(THREADS)
fn shade_kernel_nerf(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.rays { return; }
  let pixel = hit_rays[i].pixel;
  colours[pixel] = shown(hit_rgba[i]);
  depths[pixel] = hit_depths[i];
}
