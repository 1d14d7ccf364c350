// Rows of gradients, gathered: what reaches an input from its readers. A warp an input.
//
// What does not depend on the sample (who reads, which slopes, which other inputs) is read once for
// TILES tiles of samples.
#pragma once
#include "sums.cuh"

namespace {

constexpr int TILES = 4;

struct Row {
  Four of[TILES];
};

// What readers are: POOL, or tables of two inputs with edges, or of any number of them.
enum Reading { READ_POOL, READ_PAIR, READ_WIDE };

// Entry of the table whose slopes go to the inputs.
__device__ float entry_of(const Stage &s, uint32_t index, int entry) {
  return s.slopes ? s.slopes[((uint64_t)index << s.fan_in) + entry]
                  : (float)(s.tables[index] >> entry & 1);
}

// One tile of a row: call f(tile, sample) for those that the row has.
template <class F> __device__ void for_tiles(uint32_t first, uint32_t samples, const F &f) {
  uint32_t last = samples - STEP; // lanes past the row do the work of its last lane
  uint32_t own = threadIdx.x % WARP * STEP;
#pragma unroll
  for (int tile = 0; tile < TILES; ++tile) {
    uint32_t start = first + tile * TILE;
    if (start < samples) f(tile, start + own < samples ? start + own : last);
  }
}

// The slopes of a two-input table along the edge's pin, by the value of the other input.
struct Edge {
  int32_t node, other;
  float low, high;

  __device__ Edge(const Stage &s, const Divider &positions, int2 edge)
      : node(edge.x >> 3), other(edge.y) {
    bool second = edge.x & 1; // pin
    uint32_t index = positions((uint32_t)node);
    float t[4];
    if (s.slopes) {
      float4 table = ((const float4 *)s.slopes)[index];
      t[0] = table.x, t[1] = table.y, t[2] = table.z, t[3] = table.w;
    } else {
      uint32_t table = (uint32_t)s.tables[index];
      for (int j = 0; j < 4; ++j) t[j] = (float)(table >> j & 1);
    }
    low = (second ? t[2] : t[1]) - t[0];
    high = t[3] - (second ? t[1] : t[2]);
  }
  __device__ void add(Four &row, const Four &g, uint32_t bits) const {
#pragma unroll
    for (int i = 0; i < STEP; ++i) row.of[i] += g.of[i] * (bits >> i & 1 ? high : low);
  }
};

// Two readers at a time, so that their rows are waited for together.
template <class From>
__device__ void gather_pairs(const Stage &s, const Divider &positions, const Bits &bits,
                             const Upstream<From> &up, int64_t input, uint32_t first,
                             uint32_t samples, Row &row) {
  const int2 *edges = (const int2 *)s.edges;
  int32_t at = s.starts[input], end = s.starts[input + 1];
  for (; at < end; at += 2) {
    bool two = at + 1 < end;
    Edge a(s, positions, edges[at]), b(s, positions, edges[two ? at + 1 : at]);
    const From *from_a = up.row(a.node), *from_b = up.row(b.node);
    for_tiles(first, samples, [&](int tile, uint32_t sample) {
      Four g = load(from_a + sample), h = load(from_b + sample);
      uint32_t x = bits.nibble(a.other, sample), y = bits.nibble(b.other, sample);
      a.add(row.of[tile], g, x);
      if (two) b.add(row.of[tile], h, y);
    });
  }
}

// Slopes of a table along one pin, one a lane: that of the lane's number as the index of the other
// pins, in which those above `pin` have moved down by one.
__device__ float slope_of_lane(const Stage &s, uint32_t index, int pin) {
  int others = threadIdx.x % WARP & ((1 << (s.fan_in - 1)) - 1);
  int low = others >> pin << (pin + 1) | (others & ((1 << pin) - 1));
  return entry_of(s, index, low | 1 << pin) - entry_of(s, index, low);
}

// The index of the other pins for four samples, a byte each, as slope_of_lane counts them.
__device__ uint32_t others_of(const Bits &bits, const int32_t *wires, int fan_in, int pin,
                              uint32_t sample) {
  uint32_t entries = 0;
  int at = 0;
  for (int q = 0; q < fan_in; ++q)
    if (q != pin) entries |= spread(bits.nibble(wires[q], sample)) << at++;
  return entries;
}

template <class From>
__device__ void gather_wide(const Stage &s, const Divider &positions, const Bits &bits,
                            const Upstream<From> &up, int64_t input, uint32_t first,
                            uint32_t samples, Row &row) {
  int fan_in = (int)s.fan_in;
  for (int32_t at = s.starts[input], end = s.starts[input + 1]; at < end; ++at) {
    int32_t reader = s.readers[at], node = reader >> 3, pin = reader & 7;
    const int32_t *wires = s.wiring + (int64_t)node * fan_in;
    const From *from = up.row(node);
    float slope = slope_of_lane(s, positions((uint32_t)node), pin);
    for_tiles(first, samples, [&](int tile, uint32_t sample) {
      Four g = load(from + sample);
      uint32_t entries = others_of(bits, wires, fan_in, pin, sample);
      for (int i = 0; i < STEP; ++i)
        row.of[tile].of[i] += g.of[i] * __shfl_sync(ALL, slope, entries >> 8 * i & 31);
    });
  }
}

// An OR pool passes the gradient to its first input that is 1, and to input 0 where none is.
template <class From>
__device__ void gather_pools(const Stage &s, const Divider &, const Bits &bits,
                             const Upstream<From> &up, int64_t input, uint32_t first,
                             uint32_t samples, Row &row) {
  int fan_in = (int)s.fan_in;
  for (int32_t at = s.starts[input], end = s.starts[input + 1]; at < end; ++at) {
    int32_t reader = s.readers[at], node = reader >> 3, pin = reader & 7;
    const int32_t *wires = s.wiring + (int64_t)node * fan_in;
    const From *from = up.row(node);
    for_tiles(first, samples, [&](int tile, uint32_t sample) {
      Four g = load(from + sample);
      uint32_t own = bits.nibble(wires[pin], sample), others = 0;
      for (int q = 0; q < (pin ? pin : fan_in); ++q)
        if (q != pin) others |= bits.nibble(wires[q], sample);
      uint32_t taken = pin ? own & ~others : own | ~others;
      for (int i = 0; i < STEP; ++i)
        if (taken >> i & 1) row.of[tile].of[i] += g.of[i];
    });
  }
}

// Rows of stage `s`'s inputs. They are the outputs of stage `below`, whose sums are added in
// passing. rows: where they are written to, or null.
template <int READ, int SUM, class From, class To>
__global__ void gather_rows(Stage s, Divider positions, Bits bits, Stage below, Bits below_bits,
                            uint32_t samples, Upstream<From> up, To *rows) {
  extern __shared__ float shared[];
  int64_t input = blockIdx.x * (int64_t)WARPS + threadIdx.x / WARP;
  if (input >= s.inputs) return;
  Sums<SUM> sums(below, input, shared);
  uint32_t own = threadIdx.x % WARP * STEP;
  for (uint32_t first = 0; first < samples; first += TILES * TILE) {
    Row row = {};
    if constexpr (READ == READ_PAIR)
      gather_pairs(s, positions, bits, up, input, first, samples, row);
    else if constexpr (READ == READ_WIDE)
      gather_wide(s, positions, bits, up, input, first, samples, row);
    else
      gather_pools(s, positions, bits, up, input, first, samples, row);
    for_tiles(first, samples, [&](int tile, uint32_t sample) {
      if (first + tile * TILE + own >= samples) return; // a lane past the row
      if (rows) store(rows + (uint64_t)input * samples + sample, row.of[tile]);
      sums.add(below_bits, sample, row.of[tile]);
    });
  }
  sums.finish();
}

// The gradient of a pin's choice among its candidates: the sum of the row times the slope along the
// pin over the samples in which a candidate is 1. A warp a pin.
template <class From>
__global__ void pick_rows(Stage s, Divider positions, Bits bits, uint32_t samples,
                          Upstream<From> up) {
  int64_t at = blockIdx.x * (int64_t)WARPS + threadIdx.x / WARP;
  if (at >= s.nodes * s.fan_in) return;
  int fan_in = (int)s.fan_in, pin = (int)(at % fan_in);
  int32_t node = (int32_t)(at / fan_in);
  const int32_t *wires = s.wiring + (int64_t)node * fan_in;
  const int4 *candidates = (const int4 *)(s.candidates + at * CANDIDATES);
  const From *from = up.row(node);
  float slope = slope_of_lane(s, positions((uint32_t)node), pin);
  float sums[CANDIDATES] = {};
  uint32_t own = threadIdx.x % WARP * STEP;
  for (uint32_t first = 0; first < samples; first += TILE) {
    bool there = first + own < samples;
    uint32_t sample = there ? first + own : samples - STEP;
    Four row = load(from + sample);
    uint32_t entries = others_of(bits, wires, fan_in, pin, sample);
    for (int i = 0; i < STEP; ++i) row.of[i] *= __shfl_sync(ALL, slope, entries >> 8 * i & 31);
    if (!there) continue;
#pragma unroll
    for (int quad = 0; quad < CANDIDATES / 4; ++quad) {
      int4 four = candidates[quad];
      int32_t inputs[4] = {four.x, four.y, four.z, four.w};
      for (int c = 0; c < 4; ++c) {
        uint32_t ones = bits.nibble(inputs[c], sample);
        for (int i = 0; i < STEP; ++i)
          if (ones >> i & 1) sums[4 * quad + c] += row.of[i];
      }
    }
  }
  float sum = add_up(sums);
  int lane = threadIdx.x % WARP;
  if (lane % 2 == 0) s.picks[at * CANDIDATES + lane / 2] = sum;
}

} // namespace
