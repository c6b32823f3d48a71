// What the network says of the positions.
@group(0) @binding(8) var<storage, read> outputs: array<f32>;

// A ray of the dispatch behind its step, which is stored where no ray is packed behind it.
fn stepped(i: u32) -> State {
  var state = State();
  if i < call.rays {
    state = advanced(load(i), outputs[i]);
    if call.compacts == 0u { store(i, state); }
  }
  return state;
}
