// What the GPU is, and the rates that it reaches.

#include "timing.cuh"

int turns = 7;

namespace {

template <bool ByL1>
__device__ float4 load(const float4* from) {
  float4 v;
  if (ByL1)
    asm volatile("ld.global.ca.v4.f32 {%0,%1,%2,%3}, [%4];" : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w) : "l"(from));
  else
    asm volatile("ld.global.cg.v4.f32 {%0,%1,%2,%3}, [%4];" : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w) : "l"(from));
  return v;
}

// Every warp reads 512 bytes of `quads` x 16 bytes (a power of two) at a time: in turn, or all over in no order.
template <bool ByL1>
__global__ void read_again(const float4* from, uint32_t quads, int reads, float* sink, uint64_t* cycles) {
  float sum = 0;
  const uint32_t warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  uint32_t next = ByL1 ? warp : (blockIdx.x * 32 + warp) * 2654435761u;
  const long long began = clock64();
  for (int read = 0; read < reads; read += 8) {
    float4 v[8];
#pragma unroll
    for (int k = 0; k < 8; k++) {
      v[k] = load<ByL1>(from + ((ByL1 ? next : next >> 9) * 32 + lane & quads - 1));
      next = ByL1 ? next + 32 : next * 1664525u + 1013904223u;
    }
#pragma unroll
    for (int k = 0; k < 8; k++) sum += v[k].x + v[k].y + v[k].z + v[k].w;
  }
  if (threadIdx.x == 0) cycles[blockIdx.x] = clock64() - began;
  if (sum == 1234.5f) *sink = sum;
}

__global__ void read_once(const float4* from, uint64_t quads, float* sink) {
  float sum = 0;
  const uint64_t step = uint64_t(gridDim.x) * blockDim.x;
  for (uint64_t i = uint64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < quads; i += step) {
    const float4 v = __ldcs(from + i);
    sum += v.x + v.y + v.z + v.w;
  }
  if (sum == 1234.5f) *sink = sum;
}

// Every block copies a part of its own, `times` times, past L1; a thread asks for four words before it writes one.
__global__ void copy_again(const float4* from, float4* to, uint64_t quads, int times) {
  constexpr int kAtOnce = 4;
  const uint64_t step = uint64_t(gridDim.x) * blockDim.x;
  for (int turn = 0; turn < times; turn++)
    for (uint64_t first = uint64_t(blockIdx.x) * blockDim.x + threadIdx.x; first < quads; first += kAtOnce * step) {
      float4 v[kAtOnce];
#pragma unroll
      for (int k = 0; k < kAtOnce; k++)
        if (first + k * step < quads) v[k] = load<false>(from + first + k * step);
#pragma unroll
      for (int k = 0; k < kAtOnce; k++)
        if (first + k * step < quads) __stcg(to + first + k * step, v[k]);
    }
}

__global__ void compute(int rounds, float factor, float term, float* sink) {
  float x[8];
  for (int k = 0; k < 8; k++) x[k] = threadIdx.x + k;
#pragma unroll 16
  for (int round = 0; round < rounds; round++)
#pragma unroll
    for (int k = 0; k < 8; k++) x[k] = fmaf(x[k], factor, term);
  float sum = 0;
  for (int k = 0; k < 8; k++) sum += x[k];
  if (sum == 1234.5f) *sink = sum;
}

}  // namespace

extern "C" {

// Fills {SMs, bytes of L2, bytes of memory} and the name, of at most 256 characters.
double describe(int64_t* numbers, char* name) {
  return guarded([&] {
    const cudaDeviceProp found = properties();
    numbers[0] = found.multiProcessorCount, numbers[1] = found.l2CacheSize, numbers[2] = int64_t(found.totalGlobalMem);
    std::snprintf(name, 256, "%s", found.name);
    return 0.0;
  });
}

// Time so many turns of everything from now on.
double set_turns(int count) {
  turns = count;
  return 0.0;
}

// Fills {bytes/s from DRAM, from L2, bytes a clock and SM from L1, flops/s, GHz}.
double measure_peaks(double* peaks) {
  return guarded([&] {
    const cudaDeviceProp found = properties();
    const int sms = found.multiProcessorCount;
    const Buffer<float> sink(1);
    const Buffer<uint64_t> cycles(2 * sms);
    const uint64_t far = uint64_t(4) << 30, near = uint64_t(16) << 20, own = uint64_t(32) << 10;
    const Buffer<float4> memory(far / sizeof(float4));
    check(cudaMemset(memory.get(), 0, far));
    const double far_ms =
        shortest_ms([&] { read_once<<<16 * sms, 512>>>(memory.get(), far / sizeof(float4), sink.get()); });
    peaks[0] = far / far_ms * 1e3;
    const int reads = 4000, rounds = 160000, blocks = 2 * sms, threads = 1024;
    const double bytes = double(reads) * threads * sizeof(float4);
    const double near_ms = shortest_ms([&] {
      read_again<false><<<blocks, threads>>>(memory.get(), near / sizeof(float4), reads, sink.get(), cycles.get());
    });
    peaks[1] = bytes * blocks / near_ms * 1e3;
    const double own_ms = shortest_ms([&] {
      read_again<true><<<blocks, threads>>>(memory.get(), own / sizeof(float4), reads, sink.get(), cycles.get());
    });
    std::vector<uint64_t> taken(blocks);
    cycles.read(taken.data(), blocks);
    const double longest = double(*std::max_element(taken.begin(), taken.end()));
    peaks[2] = 2 * bytes / longest;
    peaks[4] = longest / own_ms / 1e6;
    const double compute_ms =
        shortest_ms([&] { compute<<<blocks, threads>>>(rounds, 0.999f, 0.001f, sink.get()); });
    peaks[3] = 2.0 * 8 * rounds * blocks * threads / compute_ms * 1e3;
    return 0.0;
  });
}

// Median bytes/s, read and written ones counted, of what touches so many bytes (a power of two) again and again; fills
// ms by turn. Ways: 0 reads in no order, 1 a kernel that copies one half to the other, 2 the runtime's own copy.
double measure_bandwidth(int way, uint64_t bytes, double* ms) {
  return guarded([&] {
    const int sms = properties().multiProcessorCount, blocks = 2 * sms, threads = 1024;
    const Buffer<float4> memory(bytes / sizeof(float4));
    const Buffer<float> sink(1);
    const Buffer<uint64_t> cycles(blocks);
    check(cudaMemset(memory.get(), 0, bytes));
    const uint64_t quads = bytes / sizeof(float4), half = quads / 2;
    const int times = int(std::max<uint64_t>(1, (uint64_t(8) << 30) / bytes)), reads = 4000;
    const double found = median_ms(
        [&] {
          if (way == 0)
            read_again<false><<<blocks, threads>>>(memory.get(), quads, reads, sink.get(), cycles.get());
          else if (way == 1)
            copy_again<<<blocks, threads>>>(memory.get(), memory.get() + half, half, times);
          else
            for (int k = 0; k < times; k++)
              check(cudaMemcpyAsync(memory.get() + half, memory.get(), bytes / 2, cudaMemcpyDeviceToDevice));
        },
        ms);
    const double moved = way ? double(bytes) * times : double(reads) * threads * blocks * sizeof(float4);
    return moved / found * 1e3;
  });
}

}  // extern "C"
