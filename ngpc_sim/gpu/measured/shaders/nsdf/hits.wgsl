// Hits, and the camera's rays that found them.
@group(0) @binding(11) var<storage, read_write> hits: array<f32>;
@group(0) @binding(12) var<storage, read_write> hit_rays: array<Ray>;

fn hit_at(i: u32) -> vec3<f32> {
  return vec3(hits[3u * i], hits[3u * i + 1u], hits[3u * i + 2u]);
}

fn put_hit(i: u32, state: State) {
  hits[3u * i] = state.position.x;
  hits[3u * i + 1u] = state.position.y;
  hits[3u * i + 2u] = state.position.z;
  hit_rays[i] = state.ray;
}
