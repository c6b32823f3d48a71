// Grid encoding: a thread a query, a row of blocks a level.

#include <cuda_fp16.h>

#include "timing.cuh"

namespace {

constexpr int kAxes = 3;

struct Level {
  float scale;
  uint32_t hashed, entries, factors[kAxes];
  uint64_t first;  // entry of all levels' tables at which its own begins
};

template <int F>
struct alignas(2 * F) Entry {
  __half value[F];
};

template <int D, int F>
__global__ void encode(const float* positions, uint32_t n, const Level* levels, const Entry<F>* table,
                       Entry<F>* features) {
  const uint32_t query = blockIdx.x * blockDim.x + threadIdx.x;
  if (query >= n) return;
  const Level level = levels[blockIdx.y];
  uint32_t term[D][2];
  float weight[D][2];
#pragma unroll
  for (int d = 0; d < D; d++) {
    const float p = fmaf(level.scale, positions[uint64_t(query) * D + d], 0.5f), whole = floorf(p);
    const uint32_t cell = uint32_t(int32_t(whole));
    term[d][0] = cell * level.factors[d];
    term[d][1] = (cell + 1) * level.factors[d];
    weight[d][1] = p - whole;
    weight[d][0] = 1 - weight[d][1];
  }
  float sum[F] = {};
#pragma unroll
  for (int corner = 0; corner < 1 << D; corner++) {
    uint32_t index = 0;
    float share = 1;
#pragma unroll
    for (int d = 0; d < D; d++) {
      const uint32_t own = term[d][corner >> d & 1];
      index = level.hashed ? index ^ own : index + own;
      share *= weight[d][corner >> d & 1];
    }
    const Entry<F> entry = table[level.first + index % level.entries];
#pragma unroll
    for (int f = 0; f < F; f++) sum[f] += share * __half2float(entry.value[f]);
  }
  Entry<F> result;
#pragma unroll
  for (int f = 0; f < F; f++) result.value[f] = __float2half(sum[f]);
  features[uint64_t(blockIdx.y) * n + query] = result;
}

template <int D, int F>
double encode_ms(const float* positions, uint32_t n, const Level* levels, int count, const uint16_t* table,
                 uint64_t entries, uint16_t* features, double* level_ms) {
  const Buffer<float> x(positions, size_t(n) * D);
  const Buffer<Level> all(levels, count);
  const Buffer<Entry<F>> t(reinterpret_cast<const Entry<F>*>(table), entries);
  const Buffer<Entry<F>> out(size_t(count) * n);
  const uint32_t blocks = (n + 511) / 512;
  for (int level = 0; level < count; level++)
    level_ms[level] = shortest_ms([&] {
      encode<D, F><<<dim3(blocks, 1), 512>>>(x.get(), n, all.get() + level, t.get(), out.get() + size_t(level) * n);
    });
  check(cudaMemset(out.get(), 0xff, size_t(count) * n * sizeof(Entry<F>)));
  const double ms =
      shortest_ms([&] { encode<D, F><<<dim3(blocks, count), 512>>>(x.get(), n, all.get(), t.get(), out.get()); });
  out.read(reinterpret_cast<Entry<F>*>(features), size_t(count) * n);
  return ms;
}

}  // namespace

extern "C" {

// ms of all levels in one launch; level_ms (count,) of each alone; features (count, n, F) fp16.
double time_encoding(const float* positions, uint32_t n, int dims, int width, const void* levels, int count,
                     const uint16_t* table, uint64_t entries, uint16_t* features, double* level_ms) {
  return guarded([&] {
    const auto run = dims == 2 ? (width == 2 ? encode_ms<2, 2> : encode_ms<2, 8>)
                               : (width == 2 ? encode_ms<3, 2> : encode_ms<3, 8>);
    return run(positions, n, static_cast<const Level*>(levels), count, table, entries, features, level_ms);
  });
}

}  // extern "C"
