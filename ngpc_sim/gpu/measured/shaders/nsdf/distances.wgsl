// What the network says of the positions.
@group(0) @binding(8) var<storage, read> outputs: array<f32>;
