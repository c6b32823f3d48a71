// The rest: kernels that read and write records, word by word, and compute.

#include "timing.cuh"

namespace {

enum Act : uint32_t { kRead, kWrite, kCompute };

struct Access {
  uint64_t word;  // at which the record of all items begins
  uint32_t items, amount, act;  // words or flops an item
};

constexpr int kAccesses = 16, kThreads = 256;
constexpr uint32_t kAtOnce = 4;  // words that a thread asks for before it waits for the first

struct Work {
  Access access[kAccesses];
  uint32_t count, items, waits;
};

// Where a launch notes ns of the device's clock: the start of its first block, and the end of every block.
struct Notes {
  uint64_t *began, *ended;
};

__device__ uint64_t now() {
  uint64_t ns;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(ns));
  return ns;
}

__device__ uint32_t sum_of(const uint32_t* words, uint32_t amount, uint32_t step) {
  uint32_t sum = 0;
  for (uint32_t first = 0; first < amount; first += kAtOnce, words += uint64_t(kAtOnce) * step) {
    uint32_t read[kAtOnce];
#pragma unroll
    for (uint32_t k = 0; k < kAtOnce; k++) read[k] = first + k < amount ? words[uint64_t(k) * step] : 0;
#pragma unroll
    for (uint32_t k = 0; k < kAtOnce; k++) sum += read[k];
  }
  return sum;
}

__global__ void work_on(const __grid_constant__ Work work, uint32_t* memory, Notes notes) {
  if (notes.began && !blockIdx.x && !threadIdx.x) *notes.began = now();
  const uint32_t item = blockIdx.x * blockDim.x + threadIdx.x;
  uint32_t sum = item;
  for (uint32_t k = 0; k < work.count; k++) {
    const Access& access = work.access[k];
    if (item >= access.items) continue;
    uint32_t* words = memory + access.word + item;
    if (access.act == kRead) {
      sum += sum_of(words, access.amount, access.items);
    } else if (access.act == kWrite) {
      for (uint32_t w = 0; w < access.amount; w++) words[uint64_t(w) * access.items] = sum + w;
    } else {
      float x = __uint_as_float(sum & 0x3fffffff);
      for (uint32_t flop = 0; flop < access.amount; flop += 2) x = fmaf(x, 0.5f, 1.0f);
      sum += __float_as_uint(x);
    }
  }
  if (sum == 0xdeadbeef) memory[item] = sum;
  if (!notes.ended) return;
  __syncthreads();
  if (!threadIdx.x) notes.ended[blockIdx.x] = now();
}

uint32_t blocks_of(const Work& work) { return std::max(1u, (work.items + kThreads - 1) / kThreads); }

// Launches works in turn; copies four bytes to `host` and waits for them where a work says so and there is a host.
void launch(const Work* works, int count, uint32_t* memory, uint32_t* host, Notes notes, cudaStream_t stream) {
  for (int k = 0; k < count; k++) {
    const uint32_t blocks = blocks_of(works[k]);
    work_on<<<blocks, kThreads, 0, stream>>>(works[k], memory, notes);
    if (notes.began) notes.began++, notes.ended += blocks;
    if (!host || !works[k].waits) continue;
    check(cudaMemcpyAsync(host, memory, sizeof(uint32_t), cudaMemcpyDeviceToHost, stream));
    check(cudaStreamSynchronize(stream));
  }
}

// A graph of all works in turn, without waits.
class Recorded {
 public:
  Recorded(const Work* works, int count, uint32_t* memory, Notes notes) {
    cudaGraph_t graph;
    check(cudaStreamBeginCapture(cudaStreamPerThread, cudaStreamCaptureModeRelaxed));
    launch(works, count, memory, nullptr, notes, cudaStreamPerThread);
    check(cudaStreamEndCapture(cudaStreamPerThread, &graph));
    check(cudaGraphInstantiate(&ready_, graph, 0));
    check(cudaGraphDestroy(graph));
  }
  Recorded(const Recorded&) = delete;
  Recorded& operator=(const Recorded&) = delete;
  ~Recorded() { cudaGraphExecDestroy(ready_); }
  void run() const { check(cudaGraphLaunch(ready_, nullptr)); }

 private:
  cudaGraphExec_t ready_ = nullptr;
};

// Fills the mean ns of every work of a graph, from its first block's start to its last block's end.
void note(const Work* works, int count, uint32_t* memory, double* ns) {
  size_t blocks = 0;
  for (int k = 0; k < count; k++) blocks += blocks_of(works[k]);
  const Buffer<uint64_t> began(count), ended(blocks);
  const Recorded graph(works, count, memory, {began.get(), ended.get()});
  std::vector<uint64_t> begins(count), ends(blocks);
  std::fill_n(ns, count, 0.0);
  for (int turn = -1; turn < turns; turn++) {
    graph.run();
    began.read(begins.data(), count);
    ended.read(ends.data(), blocks);
    if (turn < 0) continue;
    auto end = ends.begin();
    for (int k = 0; k < count; end += blocks_of(works[k++]))
      ns[k] += double(*std::max_element(end, end + blocks_of(works[k])) - begins[k]) / turns;
  }
}

}  // namespace

extern "C" {

// Shortest ms of all works in turn, launch by launch, with a copy and a wait of the host where a work says so.
double time_rest(const void* listed, int count, uint64_t words) {
  return guarded([&] {
    const Work* works = static_cast<const Work*>(listed);
    const Buffer<uint32_t> memory(words);
    check(cudaMemset(memory.get(), 0, words * sizeof(uint32_t)));
    uint32_t* host = nullptr;
    check(cudaMallocHost(&host, sizeof(uint32_t)));
    const double ms = shortest_ms([&] { launch(works, count, memory.get(), host, {}, nullptr); });
    check(cudaFreeHost(host));
    return ms;
  });
}

// Median ms of all works in turn as one graph, without waits; fills ms by turn, and the mean ns of every work when all
// of them note their times.
double time_rest_graph(const void* listed, int count, uint64_t words, double* ms, double* ns) {
  return guarded([&] {
    const Work* works = static_cast<const Work*>(listed);
    const Buffer<uint32_t> memory(words);
    check(cudaMemset(memory.get(), 0, words * sizeof(uint32_t)));
    const Recorded graph(works, count, memory.get(), {});
    const double found = median_ms([&] { graph.run(); }, ms);
    note(works, count, memory.get(), ns);
    return found;
  });
}

}  // extern "C"
