// What kernels know of a call of the network. `rays`: items of the dispatch; `steps` of a ray in the call, and
// `next_steps` in the one behind it where a dispatch stands between both; `room`: queries
// that a row of features has room for; `turn`: counter of the rays that go on, of three that take turns; `axis` and
// `sign` of a normal's difference; `shadow`: whether rays go to the sun; `compacts`: whether rays are packed behind the
// call; `ended`: rays that had ended on something when the phase began.
struct Call {
  rays: u32, steps: u32, room: u32, turn: u32,
  axis: u32, sign: f32, shadow: u32, compacts: u32,
  ended: u32, next_steps: u32,
}

@group(0) @binding(1) var<uniform> call: Call;
