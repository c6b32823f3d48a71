// Colours of hits, into the frame.
@group(0) @binding(2) var<storage, read_write> colours: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> depths: array<f32>;
@group(0) @binding(15) var<storage, read> visibilities: array<f32>;

@compute @workgroup_size(THREADS)
fn shade_kernel_sdf(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.rays { return; }
  let ray = hit_rays[i];
  colours[ray.pixel] = lit(facing(normal_at(i), direction(ray)), visibilities[i]);
  depths[ray.pixel] = ray.total;
}
