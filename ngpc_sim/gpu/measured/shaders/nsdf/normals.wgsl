// Gradients at hits, unscaled.
@group(0) @binding(13) var<storage, read_write> normals: array<f32>;

fn normal_at(i: u32) -> vec3<f32> {
  return vec3(normals[3u * i], normals[3u * i + 1u], normals[3u * i + 2u]);
}

fn put_normal(i: u32, normal: vec3<f32>) {
  normals[3u * i] = normal.x;
  normals[3u * i + 1u] = normal.y;
  normals[3u * i + 2u] = normal.z;
}
