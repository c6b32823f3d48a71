// Blends a ray's samples front to back. It goes on if it had all that it was asked for and none made it opaque.
@group(0) @binding(6) var<storage, read> inputs: array<f32>;
// rows of the network, of which the first four are used: colour, and logarithm of the density
@group(0) @binding(8) var<storage, read> rows: array<narrow>;

fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exp_of(-x));
}

fn composited(before: State, first: u32, apart: u32) -> State {
  var state = before;
  let count = state.ray.life >> 1u;
  var ended = count < call.steps;
  let d = direction(state.ray);
  for (var j = 0u; j < count; j++) {
    let slot = first + j * apart;
    let density = exp_of(f32(rows[3u * call.room + slot]));
    let alpha = 1.0 - exp_of(-density * inputs[slot * INPUTS + 3u]);
    let weight = (1.0 - state.rgba.w) * alpha;
    let colour = vec3(
      sigmoid(f32(rows[slot])), sigmoid(f32(rows[call.room + slot])), sigmoid(f32(rows[2u * call.room + slot])),
    );
    state.rgba += weight * vec4(colour, 1.0);
    if weight > state.ray.weight {
      let at = vec3(inputs[slot * INPUTS], inputs[slot * INPUTS + 1u], inputs[slot * INPUTS + 2u]);
      state.ray.weight = weight;
      state.depth = dot(at * (frame.high - frame.low) + (frame.low - frame.origin), d);
    }
    // the f32 nearest to 0.99 is above it
    if state.rgba.w >= OPAQUE {
      state.rgba /= state.rgba.w;
      ended = true;
      break;
    }
  }
  if ended { state.ray.life = 0u; }
  return state;
}
