// What share of the sun each hit sees.
@group(0) @binding(14) var<storage, read> ended_rays: array<Ray>;
@group(0) @binding(15) var<storage, read_write> visibilities: array<f32>;

@compute @workgroup_size(THREADS)
fn write_shadow_ray_result(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = item_of(id, groups);
  if i >= call.rays { return; }
  visibilities[ended_rays[i].pixel] = ended_rays[i].visibility;
}
