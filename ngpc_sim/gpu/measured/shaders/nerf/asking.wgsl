// Fused: packs a ray that goes on, with its next samples side by side. All threads of a workgroup must come here.
fn pack_asking(packs: bool, before: State, thread: u32) {
  let place = places_of(packs, false, call.turn, thread).x;
  if !packs { return; }
  var state = before;
  state.ray = generated(state.ray, call.next_steps, place * call.next_steps, 1u);
  pack(place, state);
}
