// A network without biases, fused: a workgroup takes THREADS queries through all matrices, their values in workgroup
// memory. A thread makes 4 outputs of 4 queries at a time. Values are stored as `narrow` and summed in f32. Tensor cores
// cannot be reached from WGSL.
struct Matrix { inputs: u32, outputs: u32, first: u32, relu: u32 }

const QUADS = THREADS / 4u;
const LANES = 4u;

@group(0) @binding(0) var<storage, read> matrices: array<Matrix>;
// x: queries that a row has room for, a multiple of THREADS
@group(0) @binding(1) var<uniform> queries: vec4<u32>;
// rows of inputs one output needs, a matrix after the other
@group(0) @binding(2) var<storage, read> weights: array<vec4<narrow>>;
// a row an input, a row an output
@group(0) @binding(3) var<storage, read> inputs: array<vec4<narrow>>;
@group(0) @binding(4) var<storage, read_write> outputs: array<vec4<narrow>>;

var<workgroup> held: array<vec4<narrow>, 2u * WIDTH * QUADS>;

fn weight(matrix: Matrix, output: u32, input: u32) -> vec4<f32> {
  return vec4<f32>(weights[(matrix.first + output * matrix.inputs + input) / 4u]);
}

fn added(w: vec4<f32>, v: mat4x4<f32>, sum: vec4<f32>) -> vec4<f32> {
  return fma(vec4(w.w), v[3], fma(vec4(w.z), v[2], fma(vec4(w.y), v[1], fma(vec4(w.x), v[0], sum))));
}

fn value_of(sum: vec4<f32>, matrix: Matrix) -> vec4<narrow> {
  return vec4<narrow>(select(sum, max(sum, vec4(0.0)), vec4(matrix.relu != 0u)));
}

// Four outputs from `output` on, of the queries of a quad: read from place `from`, written to place `to`.
fn make(matrix: Matrix, output: u32, quad: u32, from_: u32, to: u32) {
  var a = vec4(0.0);
  var b = vec4(0.0);
  var c = vec4(0.0);
  var d = vec4(0.0);
  for (var k = 0u; k < matrix.inputs; k += 4u) {
    let at = from_ + k * QUADS + quad;
    let v = mat4x4<f32>(
      vec4<f32>(held[at]), vec4<f32>(held[at + QUADS]), vec4<f32>(held[at + 2u * QUADS]), vec4<f32>(held[at + 3u * QUADS]),
    );
    a = added(weight(matrix, output, k), v, a);
    b = added(weight(matrix, output + 1u, k), v, b);
    c = added(weight(matrix, output + 2u, k), v, c);
    d = added(weight(matrix, output + 3u, k), v, d);
  }
  let at = to + output * QUADS + quad;
  held[at] = value_of(a, matrix);
  held[at + QUADS] = value_of(b, matrix);
  held[at + 2u * QUADS] = value_of(c, matrix);
  held[at + 3u * QUADS] = value_of(d, matrix);
}

@compute @workgroup_size(THREADS)
fn mlp(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
       @builtin(local_invocation_index) thread: u32) {
  let quad = thread % QUADS;
  let lane = thread / QUADS;
  let row = queries.x / 4u;
  let column = (group.y * groups.x + group.x) * QUADS + quad;
  for (var k = lane; k < matrices[0].inputs; k += LANES) {
    held[k * QUADS + quad] = inputs[k * row + min(column, row - 1u)];
  }
  var from_ = 0u;
  var to = WIDTH * QUADS;
  for (var layer = 0u; layer < LAYERS; layer++) {
    workgroupBarrier();
    let matrix = matrices[layer];
    for (var output = lane * 4u; output < matrix.outputs; output += LANES * 4u) {
      make(matrix, output, quad, from_, to);
    }
    let other = from_;
    from_ = to;
    to = other;
  }
  workgroupBarrier();
  if column >= row { return; }
  for (var k = lane; k < matrices[LAYERS - 1u].outputs; k += LANES) {
    outputs[k * row + column] = held[from_ + k * QUADS + quad];
  }
}
