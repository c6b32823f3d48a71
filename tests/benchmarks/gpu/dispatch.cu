// What it costs to start kernels: one after another in a stream or a graph, from the host, and by polling.

#include <chrono>
#include <vector>

#include "timing.cuh"

namespace {

constexpr int kThreads = 256;

struct Stamp {
  int64_t began, ended;  // by the clock of the multiprocessor `sm`
  int64_t sm;
};

struct Step {
  int64_t cycles;
  float* values;
  Stamp* stamp;
};

using Kernel = void (*)(Step);

__global__ void nothing(Step) {}

// Adds one to its element of `values`, then waits until `cycles` have passed. Block 0 notes when it ran.
__global__ void work(Step step) {
  const long long began = clock64();
  step.values[blockIdx.x * kThreads + threadIdx.x] += 1;
  while (clock64() - began < step.cycles) {
  }
  if (blockIdx.x || threadIdx.x) return;
  uint32_t sm;
  asm volatile("mov.u32 %0, %%smid;" : "=r"(sm));
  *step.stamp = {began, clock64(), sm};
}

// All blocks wait for one another, `times` times: each adds one to `arrived` and polls until all have.
__global__ void meet(uint32_t* arrived, uint32_t times) {
  for (uint32_t turn = 1; turn <= times; turn++) {
    __syncthreads();
    if (threadIdx.x == 0) {
      __threadfence();
      atomicAdd(arrived, 1);
      while (*reinterpret_cast<volatile uint32_t*>(arrived) < turn * gridDim.x) {
      }
      __threadfence();
    }
    __syncthreads();
  }
}

// A graph of a kernel's launches, in so many chains side by side.
class Graph {
 public:
  Graph(Kernel kernel, int blocks, std::vector<Step> steps, size_t chains) {
    check(cudaGraphCreate(&graph_, 0));
    std::vector<cudaGraphNode_t> nodes(steps.size());
    for (size_t k = 0; k < steps.size(); k++) {
      void* arguments[] = {&steps[k]};
      const cudaKernelNodeParams own{reinterpret_cast<void*>(kernel), dim3(blocks), dim3(kThreads), 0, arguments, nullptr};
      check(cudaGraphAddKernelNode(&nodes[k], graph_, k < chains ? nullptr : &nodes[k - chains], k >= chains, &own));
    }
    check(cudaGraphInstantiate(&ready_, graph_, 0));
  }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  ~Graph() {
    cudaGraphExecDestroy(ready_);
    cudaGraphDestroy(graph_);
  }
  void launch() const { check(cudaGraphLaunch(ready_, nullptr)); }

 private:
  cudaGraph_t graph_ = nullptr;
  cudaGraphExec_t ready_ = nullptr;
};

}  // namespace

extern "C" {

// Median ms of `count` kernels of so many blocks and cycles, one after another in a stream (chains 0) or in a graph of
// so many chains side by side (a divisor of count). Fills ms by turn and (count,) stamps of the last turn.
double time_chain(int chains, int count, int blocks, int64_t cycles, double* ms, void* stamps) {
  return guarded([&] {
    const size_t lanes = std::max(chains, 1), threads = size_t(blocks) * kThreads;
    const Buffer<float> values(lanes * threads);
    const Buffer<Stamp> noted(count);
    check(cudaMemset(values.get(), 0, lanes * threads * sizeof(float)));
    std::vector<Step> steps;
    for (int k = 0; k < count; k++) steps.push_back({cycles, values.get() + k % lanes * threads, noted.get() + k});
    const Graph graph(work, blocks, steps, lanes);
    const double found = median_ms(
        [&] {
          if (chains) return graph.launch();
          for (const Step& step : steps) work<<<blocks, kThreads>>>(step);
        },
        ms);
    noted.read(static_cast<Stamp*>(stamps), count);
    std::vector<float> ran(lanes * threads);
    values.read(ran.data(), ran.size());
    const float expected = float(count / lanes) * (turns + 1);
    if (std::any_of(ran.begin(), ran.end(), [&](float value) { return value != expected; }))
      throw std::runtime_error("a kernel of a chain was left out");
    return found;
  });
}

// Median ms of so many meetings of blocks that stay, one a multiprocessor; fills ms by turn.
double time_polling(int meetings, double* ms) {
  return guarded([&] {
    const int sms = properties().multiProcessorCount;
    const Buffer<uint32_t> arrived(1);
    return median_ms(
        [&] {
          check(cudaMemsetAsync(arrived.get(), 0, sizeof(uint32_t)));
          meet<<<sms, kThreads>>>(arrived.get(), meetings);
        },
        ms);
  });
}

// Fills (count,) us by the host's clock. Ways: 0 the call that launches a kernel, 1 a launch and the wait for its end,
// 2 the same with a copy of four bytes before the wait, 3 the launch of a graph of one kernel and the wait.
double time_host(int way, int count, double* us) {
  return guarded([&] {
    const Buffer<float> value(1);
    float* host = nullptr;
    check(cudaMallocHost(&host, sizeof(float)));
    const Graph graph(nothing, 1, {Step{}}, 1);
    for (int k = 0; k < count; k++) {
      const auto began = std::chrono::steady_clock::now();
      if (way == 3) graph.launch();
      else nothing<<<1, 32>>>(Step{});
      if (way == 2) check(cudaMemcpyAsync(host, value.get(), sizeof(float), cudaMemcpyDeviceToHost));
      if (way) check(cudaStreamSynchronize(nullptr));
      us[k] = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began).count();
    }
    check(cudaDeviceSynchronize());
    check(cudaFreeHost(host));
    return 0.0;
  });
}

}  // extern "C"
