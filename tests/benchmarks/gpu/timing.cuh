// How kernels are timed. Functions that C can call return a time in ms, or -1 when they have written why to stderr.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <stdexcept>

inline int turns = 7;  // that are timed

inline void check(cudaError_t status) {
  if (status != cudaSuccess) throw std::runtime_error(cudaGetErrorString(status));
}

inline double guarded(const std::function<double()>& measure) {
  try {
    return measure();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return -1;
  }
}

template <typename T>
class Buffer {
 public:
  explicit Buffer(size_t count) { check(cudaMalloc(&data_, std::max<size_t>(count, 1) * sizeof(T))); }
  Buffer(const T* host, size_t count) : Buffer(count) {
    check(cudaMemcpy(data_, host, count * sizeof(T), cudaMemcpyHostToDevice));
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { cudaFree(data_); }
  void read(T* host, size_t count) const { check(cudaMemcpy(host, data_, count * sizeof(T), cudaMemcpyDeviceToHost)); }
  T* get() const { return data_; }

 private:
  T* data_ = nullptr;
};

// Shortest of all turns in ms by the device's clock, after one turn that does not count.
inline double shortest_ms(const std::function<void()>& run) {
  cudaEvent_t began, ended;
  check(cudaEventCreate(&began));
  check(cudaEventCreate(&ended));
  float shortest = INFINITY;
  for (int turn = -1; turn < turns; turn++) {
    check(cudaEventRecord(began));
    run();
    check(cudaEventRecord(ended));
    check(cudaEventSynchronize(ended));
    check(cudaGetLastError());
    float found = 0;
    check(cudaEventElapsedTime(&found, began, ended));
    if (turn >= 0) shortest = std::min(shortest, found);
  }
  check(cudaEventDestroy(began));
  check(cudaEventDestroy(ended));
  return shortest;
}

inline cudaDeviceProp properties() {
  cudaDeviceProp found;
  check(cudaGetDeviceProperties(&found, 0));
  return found;
}
