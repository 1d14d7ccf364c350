// Stages forward, votes and codes: a thread a word.
#pragma once
#include "rows.cuh"

namespace {

// Blocks of words of `rows` rows: as many neighbouring words of a row as there are, then rows.
struct Plan {
  dim3 grid, block;

  Plan(int64_t rows, int64_t words) {
    unsigned wide = (unsigned)(words < WARP ? words : WARP), high = THREADS / wide;
    int64_t parts = (words + wide - 1) / wide;
    block = dim3(wide, high);
    grid = dim3(blocks(rows, high), (unsigned)(parts < 65535 ? parts : 65535));
  }
};

__device__ uint64_t all_where(uint64_t table, int entry) { return 0 - (table >> entry & 1); }

template <int FAN_IN>
__global__ void forward_rows(Stage s, Divider positions, const uint64_t *x, int64_t words) {
  int64_t node = blockIdx.x * (int64_t)blockDim.y + threadIdx.y;
  if (node >= s.nodes) return;
  uint64_t table = s.tables[positions((uint32_t)node)];
  const int32_t *wires = s.wiring + node * FAN_IN;
  for (int64_t word = blockIdx.y * blockDim.x + threadIdx.x; word < words;
       word += gridDim.y * blockDim.x) {
    uint64_t pins[FAN_IN];
    for (int pin = 0; pin < FAN_IN; ++pin)
      pins[pin] = wires[pin] < 0 ? 0 : x[wires[pin] * words + word];
    uint64_t entries[1 << (FAN_IN - 1)];
    for (int j = 0; j < 1 << (FAN_IN - 1); ++j) {
      uint64_t low = all_where(table, 2 * j), high = all_where(table, 2 * j + 1);
      entries[j] = low ^ ((low ^ high) & pins[0]);
    }
    for (int pin = 1; pin < FAN_IN; ++pin)
      for (int j = 0; j < 1 << (FAN_IN - 1 - pin); ++j)
        entries[j] = entries[2 * j] ^ ((entries[2 * j] ^ entries[2 * j + 1]) & pins[pin]);
    s.out[node * words + word] = entries[0];
  }
}

__global__ void pool_rows(Stage s, const uint64_t *x, int64_t words) {
  int64_t node = blockIdx.x * (int64_t)blockDim.y + threadIdx.y;
  if (node >= s.nodes) return;
  for (int64_t word = blockIdx.y * blockDim.x + threadIdx.x; word < words;
       word += gridDim.y * blockDim.x) {
    uint64_t any = 0;
    for (int pin = 0; pin < s.fan_in; ++pin) {
      int32_t wire = s.wiring[node * s.fan_in + pin];
      if (wire >= 0) any |= x[wire * words + word];
    }
    s.out[node * words + word] = any;
  }
}

constexpr int SLICES = 4;    // of a block's rows, added side by side
constexpr int COUNTED = 128; // rows of a block

// Thread (sample, slice) counts a slice of the block's rows of a group. Blocks of a group add
// their counts with atomics: of integers, whose sum has one value in any order.
__global__ void count_rows(const uint64_t *rows, int64_t words, int64_t group, int32_t *counts) {
  __shared__ int32_t parts[SLICES][64];
  int sample = threadIdx.x, slice = threadIdx.y;
  int64_t parts_of_group = (group + COUNTED - 1) / COUNTED;
  int64_t g = blockIdx.x / parts_of_group, first = blockIdx.x % parts_of_group * COUNTED;
  int64_t last = first + COUNTED < group ? first + COUNTED : group;
  for (int64_t word = blockIdx.y; word < words; word += gridDim.y) {
    int32_t sum = 0;
    for (int64_t row = first + slice; row < last; row += SLICES)
      sum += (int32_t)(rows[(g * group + row) * words + word] >> sample & 1);
    // Threads of a block meet here; a word more in this block must not overwrite parts that are
    // still read, hence the second barrier.
    parts[slice][sample] = sum;
    __syncthreads();
    if (!slice) {
      for (int other = 1; other < SLICES; ++other) sum += parts[other][sample];
      atomicAdd(counts + (g * words + word) * 64 + sample, sum);
    }
    __syncthreads();
  }
}

// A warp a word.
template <class Code>
__global__ void encode_rows(const Code *codes, const int32_t *feature, const int32_t *threshold,
                            int64_t count, int64_t words, uint64_t *bits) {
  int lane = threadIdx.x;
  int64_t bit = blockIdx.x * (int64_t)blockDim.y + threadIdx.y;
  if (bit >= count) return;
  for (int64_t word = blockIdx.y; word < words; word += gridDim.y) {
    const Code *row = codes + feature[bit] * words * 64 + 64 * word;
    uint64_t low = __ballot_sync(ALL, (int32_t)row[lane] > threshold[bit]);
    uint64_t high = __ballot_sync(ALL, (int32_t)row[lane + WARP] > threshold[bit]);
    if (!lane) bits[bit * words + word] = low | high << 32;
  }
}

} // namespace
