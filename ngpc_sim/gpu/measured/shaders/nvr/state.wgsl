// The rays of a dispatch, as many as the counter before its own says; and what the network says of their positions.
@group(0) @binding(6) var<storage, read> positions: array<f32>;
@group(0) @binding(7) var<storage, read> rays: array<Ray>;
@group(0) @binding(8) var<storage, read> draws: array<u32>;
@group(0) @binding(12) var<storage, read> outputs: array<f32>;

fn load(i: u32) -> State {
  return State(vec3(positions[3u * i], positions[3u * i + 1u], positions[3u * i + 2u]), rays[i], draws[i]);
}

// A ray at its next tentative collision, behind this one.
fn stepped(i: u32) -> Walked {
  var state = load(i);
  state.ray = collided(state.ray, vec3(outputs[4u * i], outputs[4u * i + 1u], outputs[4u * i + 2u]), outputs[4u * i + 3u]);
  if state.ray.opacity > OPAQUE || call.compacts == 0u { return Walked(state, false); }
  return walked(state);
}

fn rays_here() -> u32 {
  return min(call.rays, atomicLoad(&counters[(call.turn + 2u) % 3u]));
}
