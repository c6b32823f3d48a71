// What kernels know of a call of the network. `rays`: items of the dispatch; `steps` of a ray in a call; `room`: queries
// that a row of features has room for; `turn`: counter of the rays that go on, of three that take turns.
struct Call { rays: u32, steps: u32, room: u32, turn: u32, axis: u32, sign: f32, shadow: u32, compacts: u32 }

@group(0) @binding(1) var<uniform> call: Call;
