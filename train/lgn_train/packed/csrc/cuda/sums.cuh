// Sums of a node's row of gradients by the index of its inputs: its share of its table's gradient.
#pragma once
#include "rows.cuh"

namespace {

// How the sums of a stage's rows are kept. NONE: it has no tables. PAIR: it has edges, four sums in
// registers. WIDE: any number of inputs, a bin for each lane and entry in shared memory.
enum Summing { NONE, PAIR, WIDE };

template <int HOW> struct Sums;

template <> struct Sums<NONE> {
  __device__ Sums(const Stage &, uint32_t, float *) {}
  __device__ void add(const LaneBits &, int, const Four &) {}
  __device__ void finish() {}
};

template <> struct Sums<PAIR> {
  float *sums;
  int2 wires;
  float all = 0, first = 0, second = 0, both = 0; // over the samples in which inputs are 1

  __device__ Sums(const Stage &s, uint32_t node, float *)
      : sums(s.sums + (uint64_t)node * 4), wires(((const int2 *)s.wiring)[node]) {}

  __device__ void add(const LaneBits &bits, int tile, const Four &row) {
    uint32_t a = bits.some(wires.x, tile), b = bits.some(wires.y, tile), ab = a & b;
#pragma unroll
    for (int i = 0; i < STEP; ++i) {
      all += row.of[i];
      if (a >> i & 1) first += row.of[i];
      if (b >> i & 1) second += row.of[i];
      if (ab >> i & 1) both += row.of[i];
    }
  }
  __device__ void finish() {
    // Inclusion and exclusion, as in sum_pair() of backward.h.
    float of[4] = {all - first - (second - both), first - both, second - both, both};
    float sum = add_up(of);
    int lane = lane_number();
    if (lane % 4 == 0) sums[lane / 4] = sum;
  }
};

template <> struct Sums<WIDE> {
  float *sums, *bins; // bins[entries][LANES] of this row
  const int32_t *wires;
  int fan_in;

  __device__ Sums(const Stage &s, uint32_t node, float *shared)
      : sums(s.sums + ((uint64_t)node << s.fan_in)),
        bins(shared + (threadIdx.x / LANES) * (LANES << s.fan_in)),
        wires(s.wiring + (uint64_t)node * s.fan_in), fan_in((int)s.fan_in) {
    for (int at = STEP * lane_number(); at < LANES << fan_in; at += TILE) store(bins + at, Four{});
    __syncwarp(row_mask());
  }
  __device__ void add(const LaneBits &bits, int tile, const Four &row) {
    uint32_t entries = 0; // one byte per sample
#pragma unroll
    for (int pin = 0; pin < MAX_FAN_IN; ++pin)
      entries |= spread(bits.nibble(pin < fan_in ? wires[pin] : -1, tile)) << pin;
#pragma unroll
    for (int i = 0; i < STEP; ++i)
      // A column for each lane: no two lanes write to one bin, so that no atomics are needed and
      // the order of additions is fixed.
      bins[(entries >> 8 * i & 63) * LANES + lane_number()] += row.of[i];
  }
  // A lane adds the bins of one entry, or of a part of them: `wide` neighbouring columns, each
  // lane beginning at another one, so that all read different banks.
  __device__ void finish() {
    __syncwarp(row_mask());
    int lane = lane_number(), entries = 1 << fan_in, wide = entries < LANES ? entries : LANES;
    int from = lane / wide * wide;
    for (int entry = lane % wide; entry < entries; entry += LANES) {
      float sum = 0;
#pragma unroll 4
      for (int k = 0; k < wide; ++k) sum += bins[entry * LANES + from + ((lane + k) & (wide - 1))];
      for (int part = LANES / 2; part >= wide; part /= 2)
        sum += __shfl_xor_sync(row_mask(), sum, part);
      if (lane < wide) sums[entry] = sum;
    }
  }
};

inline int summing(const Stage *s) {
  return !s || s->kind != TABLES ? NONE : s->edges ? PAIR : WIDE;
}
inline size_t shared_of(const Stage *s) {
  return summing(s) == WIDE ? ROWS * LANES * sizeof(float) << s->fan_in : 0;
}

// The sums of the last stage: its rows are given, one for each group.
template <int HOW>
__global__ void sum_rows(Stage s, Bits bits, uint32_t samples, Upstream<float> top) {
  extern __shared__ float shared[];
  uint32_t node = row_number();
  if (node >= (uint32_t)s.nodes) return;
  Sums<HOW> sums(s, node, shared);
  const float *row = LaneRows<float>(top, 0).row((int32_t)node);
  for (uint32_t sample = first_sample(); sample < samples; sample += TILE)
    sums.add(LaneBits(bits, sample), 0, load(row + sample));
  sums.finish();
}

} // namespace
