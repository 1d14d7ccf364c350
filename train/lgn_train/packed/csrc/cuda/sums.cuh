// Sums of a node's row of gradients by the index of its inputs: its share of its table's gradient.
#pragma once
#include "rows.cuh"

namespace {

// How the sums of a stage's rows are kept. NONE: it has no tables. PAIR: two inputs, four sums in
// registers. WIDE: any number of inputs, a bin for each lane and entry in shared memory.
enum Summing { NONE, PAIR, WIDE };

template <int HOW> struct Sums;

template <> struct Sums<NONE> {
  __device__ Sums(const Stage &, int64_t, float *) {}
  __device__ void add(const Bits &, uint32_t, const Four &) {}
  __device__ void finish() {}
};

template <> struct Sums<PAIR> {
  float *sums;
  int2 wires;
  float all = 0, first = 0, second = 0, both = 0; // over the samples in which inputs are 1

  __device__ Sums(const Stage &s, int64_t node, float *)
      : sums(s.sums + 4 * node), wires(((const int2 *)s.wiring)[node]) {}

  __device__ void add(const Bits &bits, uint32_t sample, const Four &row) {
    uint32_t a = bits.nibble(wires.x, sample), b = bits.nibble(wires.y, sample);
#pragma unroll
    for (int i = 0; i < STEP; ++i) {
      all += row.of[i];
      if (a >> i & 1) first += row.of[i];
      if (b >> i & 1) second += row.of[i];
      if (a & b & 1u << i) both += row.of[i];
    }
  }
  __device__ void finish() {
    float of[4] = {all - first - (second - both), first - both, second - both, both};
    float sum = add_up(of);
    int lane = threadIdx.x % WARP;
    if (lane % 8 == 0) sums[lane / 8] = sum;
  }
};

template <> struct Sums<WIDE> {
  float *sums, *bins; // bins[entries][WARP] of this warp
  const int32_t *wires;
  int fan_in, lane;

  __device__ Sums(const Stage &s, int64_t node, float *shared)
      : sums(s.sums + (node << s.fan_in)),
        bins(shared + (threadIdx.x / WARP) * (WARP << s.fan_in)),
        wires(s.wiring + node * s.fan_in), fan_in((int)s.fan_in), lane(threadIdx.x % WARP) {
    for (int at = STEP * lane; at < WARP << fan_in; at += TILE) store(bins + at, Four{});
    __syncwarp();
  }
  __device__ void add(const Bits &bits, uint32_t sample, const Four &row) {
    uint32_t entries = 0; // a byte a sample
    for (int pin = 0; pin < fan_in; ++pin)
      entries |= spread(bits.nibble(wires[pin], sample)) << pin;
#pragma unroll
    for (int i = 0; i < STEP; ++i) bins[(entries >> 8 * i & 63) * WARP + lane] += row.of[i];
  }
  // A lane adds the bins of one entry, or of a part of them: `wide` neighbouring columns, each
  // lane beginning at another one, so that all read different banks.
  __device__ void finish() {
    __syncwarp();
    int entries = 1 << fan_in, wide = entries < WARP ? entries : WARP;
    int from = lane / wide * wide;
    for (int entry = lane % wide; entry < entries; entry += WARP) {
      float sum = 0;
#pragma unroll 4
      for (int k = 0; k < wide; ++k) sum += bins[entry * WARP + from + (lane + k) % wide];
      for (int part = WARP / 2; part >= wide; part /= 2) sum += __shfl_xor_sync(ALL, sum, part);
      if (lane < wide) sums[entry] = sum;
    }
  }
};

inline int summing(const Stage *s) {
  return !s || s->kind != TABLES ? NONE : s->fan_in == 2 ? PAIR : WIDE;
}
inline size_t shared_of(const Stage *s) {
  return summing(s) == WIDE ? WARPS * WARP * sizeof(float) << s->fan_in : 0;
}

// The sums of the last stage: its rows are given, one for each group.
template <int HOW>
__global__ void sum_rows(Stage s, Bits bits, uint32_t samples, Upstream<float> top) {
  extern __shared__ float shared[];
  int64_t node = blockIdx.x * (int64_t)WARPS + threadIdx.x / WARP;
  if (node >= s.nodes) return;
  Sums<HOW> sums(s, node, shared);
  const float *row = top.row((int32_t)node);
  for (uint32_t sample = threadIdx.x % WARP * STEP; sample < samples; sample += TILE)
    sums.add(bits, sample, load(row + sample));
  sums.finish();
}

} // namespace
