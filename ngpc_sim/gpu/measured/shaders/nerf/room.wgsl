// Distance to the room of the bundled scene nerf-room.
fn surface_distance(p: vec3<f32>) -> f32 {
  let walls = min(min(1.7 - max(abs(p.x - 0.5), abs(p.z - 0.5)), p.y + 0.02), 1.9 - p.y);
  let ball = length(p - vec3(0.2, 0.28, 0.3)) - 0.3;
  let ring = length(vec2(p.x - 0.95, p.z - 0.1)) - 0.3;
  let torus = length(vec2(ring, p.y - 0.12)) - 0.12;
  let pillar = max(length(vec2(p.x + 0.7, p.z + 0.6)) - 0.16, p.y - 1.6);
  let table = max(max(abs(p.x - 1.5) - 0.35, abs(p.y - 0.55) - 0.03), abs(p.z + 0.4) - 0.5);
  return min(min(min(walls, ball), min(torus, pillar)), table);
}
