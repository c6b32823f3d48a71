// Fused MLP of 64 neurons: a warp takes 32 queries through all layers in registers, weights lie in shared memory.

#include <cuda_fp16.h>

#include "timing.cuh"

namespace {

constexpr int kNeurons = 64, kOutputs = 16, kMlpThreads = 256;
constexpr int kTiles = 2, kRows = 16 * kTiles;        // of 16 queries, and queries of a warp
constexpr int kPitch = kNeurons + 8;                  // halves of a row of weights: rows begin in other banks

using Tile = uint32_t[kTiles][2];  // (16 queries, 8 neurons) each, two fp16 a register

__device__ void multiply_add(uint32_t (&c)[2], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%0,%1}, {%2,%3,%4,%5}, {%6,%7}, {%0,%1};"
      : "+r"(c[0]), "+r"(c[1])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ uint32_t relu(uint32_t pair) {
  const __half2 value = __hmax2(reinterpret_cast<const __half2&>(pair), __float2half2_rn(0.0f));
  return reinterpret_cast<const uint32_t&>(value);
}

// Neurons by tiles of 8 of 16 K inputs; `word` is where a thread's weights begin in a row, `step` from word to word.
template <int K, int N>
__device__ void layer(const uint32_t (&a)[kTiles][K][4], const uint32_t* weights, const int (&row)[N], int word,
                      int step, Tile (&c)[N]) {
#pragma unroll
  for (int n = 0; n < N; n++) {
#pragma unroll
    for (int m = 0; m < kTiles; m++) c[n][m][0] = c[n][m][1] = 0;
#pragma unroll
    for (int k = 0; k < K; k++) {
      const uint32_t* own = weights + row[n] * (kPitch / 2) + word + 2 * k * step;
#pragma unroll
      for (int m = 0; m < kTiles; m++) multiply_add(c[n][m], a[m][k], own[0], own[step]);
    }
  }
}

// Outputs of a layer of 64 neurons, below zero cut off, are the inputs of the next one in the same registers.
__device__ void activate(const Tile (&c)[kNeurons / 8], uint32_t (&a)[kTiles][kNeurons / 16][4]) {
#pragma unroll
  for (int m = 0; m < kTiles; m++)
#pragma unroll
    for (int k = 0; k < kNeurons / 16; k++)
#pragma unroll
      for (int r = 0; r < 4; r++) a[m][k][r] = relu(c[2 * k + r / 2][m][r % 2]);
}

// Threads read neighbouring inputs and write neighbouring outputs, so the first layer's inputs and the last one's
// outputs come in another order than the multiplication numbers them: weights are taken in that order too.
template <int Inputs>
__global__ void mlp(const __half* inputs, const __half* weights, int layers, __half* outputs, uint32_t n) {
  extern __shared__ __align__(16) __half shared[];
  const int rows = layers * kNeurons + kOutputs;
  for (int row = threadIdx.x; row < rows; row += blockDim.x) {
    const int width = row < kNeurons ? Inputs : kNeurons;
    const __half* from = weights + (row < kNeurons ? row * Inputs : kNeurons * Inputs + (row - kNeurons) * kNeurons);
    for (int k = 0; k < width; k++) shared[row * kPitch + k] = from[k];
  }
  __syncthreads();
  const uint32_t* words = reinterpret_cast<const uint32_t*>(shared);
  const int group = threadIdx.x % 32 / 4, member = threadIdx.x % 4;
  int row[kNeurons / 8], last[kOutputs / 8];
#pragma unroll
  for (int k = 0; k < kNeurons / 8; k++) row[k] = 8 * k + group;
#pragma unroll
  for (int k = 0; k < kOutputs / 8; k++) last[k] = group / 2 * 4 + 2 * k + group % 2;
  const uint32_t warps = gridDim.x * (kMlpThreads / 32);
  for (uint32_t first = (blockIdx.x * kMlpThreads + threadIdx.x) / 32 * kRows; first < n; first += warps * kRows) {
    uint32_t x[kTiles][Inputs / 16][4], a[kTiles][kNeurons / 16][4];
#pragma unroll
    for (int m = 0; m < kTiles; m++)
#pragma unroll
      for (int half = 0; half < 2; half++) {
        const uint64_t query = first + 16 * m + 8 * half + group;
        const uint2* from = reinterpret_cast<const uint2*>(inputs + query * Inputs + member * (Inputs / 4));
#pragma unroll
        for (int k = 0; k < Inputs / 16; k++) {
          const uint2 pair = __ldcs(from + k);
          x[m][k][half] = pair.x, x[m][k][half + 2] = pair.y;
        }
      }
    Tile c[kNeurons / 8], y[kOutputs / 8];
    layer(x, words, row, member * (Inputs / 8), 1, c);
    activate(c, a);
    for (int hidden = 1; hidden < layers; hidden++) {
      layer(a, words + hidden * kNeurons * (kPitch / 2), row, member, 4, c);
      activate(c, a);
    }
    layer(a, words + layers * kNeurons * (kPitch / 2), last, member, 4, y);
#pragma unroll
    for (int m = 0; m < kTiles; m++)
#pragma unroll
      for (int half = 0; half < 2; half++) {
        const uint64_t query = first + 16 * m + 8 * half + group;
        reinterpret_cast<uint2*>(outputs + query * kOutputs)[member] = make_uint2(y[0][m][half], y[1][m][half]);
      }
  }
}

}  // namespace

extern "C" {

// Fills the name of the GPU, of at most 256 characters.
double describe(char* name) {
  return guarded([&] {
    std::snprintf(name, 256, "%s", properties().name);
    return 0.0;
  });
}

// Time so many turns of everything from now on.
double set_turns(int count) {
  turns = count;
  return 0.0;
}

// ms of n queries (a multiple of 32): inputs (n, 16 or 32), weights by layer (outputs, inputs), outputs (n, 16)
double time_mlp(const uint16_t* inputs, uint32_t n, int n_inputs, const uint16_t* weights, int layers,
                uint16_t* outputs) {
  return guarded([&] {
    const size_t count = kNeurons * (n_inputs + (layers - 1) * kNeurons + kOutputs);
    const Buffer<__half> x(reinterpret_cast<const __half*>(inputs), size_t(n) * n_inputs);
    const Buffer<__half> w(reinterpret_cast<const __half*>(weights), count);
    const Buffer<__half> y(size_t(n) * kOutputs);
    const auto run = n_inputs == 16 ? mlp<16> : mlp<32>;
    const size_t shared = (layers * kNeurons + kOutputs) * kPitch * sizeof(__half);
    int blocks = 0;
    check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, run, kMlpThreads, shared));
    blocks *= properties().multiProcessorCount;
    const double ms =
        shortest_ms([&] { run<<<blocks, kMlpThreads, shared>>>(x.get(), w.get(), layers, y.get(), n); });
    y.read(reinterpret_cast<__half*>(outputs), size_t(n) * kOutputs);
    return ms;
  });
}

}  // extern "C"
