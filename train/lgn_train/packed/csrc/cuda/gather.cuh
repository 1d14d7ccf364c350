// Rows of gradients, gathered: what reaches an input from its readers. Half a warp an input.
#pragma once
#include "sums.cuh"

namespace {

// What the readers of a stage are: OR pools, tables of any number of inputs, or tables of two with
// edges; the slopes of the latter are those of the bits (HARD) or of given tables (SOFT).
enum Reading { READ_POOL, READ_WIDE, READ_HARD, READ_SOFT };

// Tiles of a row that are worked on together, so that edges and slopes are read once for them.
template <int TILES> struct Row {
  Four of[TILES];
};

__device__ float entry_of(const Stage &s, uint32_t index, int entry) {
  return s.slopes ? s.slopes[((uint64_t)index << s.fan_in) + entry]
                  : (float)(s.tables[index] >> entry & 1);
}

// An edge to a node of two inputs: the slopes along its pin, by the value of the other input.
template <int READ> struct Edge {
  int32_t other, row;
  float low, high;

  // counts: false for an edge that stands in the place of none.
  __device__ Edge(const Stage &s, int4 edge, bool counts) : other(edge.y), row(edge.w) {
    int pin = edge.x;
    if constexpr (READ == READ_SOFT) {
      float4 t = ((const float4 *)s.slopes)[(uint32_t)edge.z];
      low = (pin ? t.z : t.y) - t.x;
      high = t.w - (pin ? t.y : t.z);
    } else {
      uint32_t t = (uint32_t)s.tables[(uint32_t)edge.z];
      low = (float)((int)(t >> (1 + pin) & 1) - (int)(t & 1));
      high = (float)((int)(t >> 3 & 1) - (int)(t >> (2 - pin) & 1));
    }
    // An odd number of readers is filled up with the last one again, whose slopes are 0.
    low = kept(counts ? low : 0.0f);
    high = kept(counts ? high : 0.0f);
  }
  __device__ void add(Four &sums, const Four &g, uint32_t bits) const {
#pragma unroll
    for (int i = 0; i < STEP; ++i) sums.of[i] += g.of[i] * (bits >> i & 1 ? high : low);
  }
};

// Two readers at a time, so that their rows are waited for together. left: samples of the row.
template <int READ, int TILES, class From>
__device__ void gather_pairs(const Stage &s, const LaneBits &bits, const LaneRows<From> &up,
                             uint32_t input, uint32_t left, Row<TILES> &row) {
  const int4 *edges = (const int4 *)s.edges;
  int32_t at = s.starts[input], end = s.starts[input + 1];
  for (; at < end; at += 2) {
    bool two = at + 1 < end;
    int4 first = edges[at], second = edges[two ? at + 1 : at];
    Edge<READ> a(s, first, true), b(s, second, two);
    const From *from_a = up.at(a.row), *from_b = up.at(b.row);
#pragma unroll
    for (int tile = 0; tile < TILES; ++tile) {
      if (tile && left <= tile * TILE) continue;
      Four g = load(from_a + tile * TILE), h = load(from_b + tile * TILE);
      uint32_t x = bits.some(a.other, tile), y = bits.some(b.other, tile);
      a.add(row.of[tile], g, x);
      b.add(row.of[tile], h, y);
    }
  }
}

// Slopes of a table along one pin: those with the lane's number, and 16 more, as the index of the
// other pins, in which those above `pin` have moved down by one.
struct Slopes {
  float low, high;

  __device__ Slopes(const Stage &s, uint32_t index, int pin)
      : low(slope(s, index, pin, lane_number())),
        high(s.fan_in == 6 ? slope(s, index, pin, lane_number() + LANES) : 0.0f) {}

  // Multiply by the slopes at an index; all lanes of the row take part.
  __device__ void multiply(Four &g, uint32_t entries) const {
#pragma unroll
    for (int i = 0; i < STEP; ++i) {
      int entry = entries >> 8 * i & 31;
      float found = __shfl_sync(row_mask(), low, entry, LANES);
      float above = __shfl_sync(row_mask(), high, entry, LANES);
      g.of[i] *= entry < LANES ? found : above;
    }
  }

private:
  static __device__ float slope(const Stage &s, uint32_t index, int pin, int others) {
    others &= (1 << (s.fan_in - 1)) - 1;
    int low = others >> pin << (pin + 1) | (others & ((1 << pin) - 1));
    return entry_of(s, index, low | 1 << pin) - entry_of(s, index, low);
  }
};

// The index of the other pins for four samples, a byte each, as Slopes counts them.
__device__ uint32_t others_of(const LaneBits &bits, const int32_t *wires, int fan_in, int pin) {
  uint32_t entries = 0;
  int at = 0;
#pragma unroll
  for (int q = 0; q < MAX_FAN_IN; ++q) { // unrolled, so that all rows are waited for together
    bool counts = q < fan_in && q != pin;
    entries |= spread(bits.nibble(counts ? wires[q] : -1)) << at;
    at += counts;
  }
  return entries;
}

template <class From>
__device__ void gather_wide(const Stage &s, const Divider &positions, const LaneBits &bits,
                            const LaneRows<From> &up, uint32_t input, Four &row) {
  int fan_in = (int)s.fan_in;
  for (int32_t at = s.starts[input], end = s.starts[input + 1]; at < end; ++at) {
    int32_t reader = s.readers[at], node = reader >> 3, pin = reader & 7;
    Slopes slopes(s, positions((uint32_t)node), pin);
    Four g = load(up.row(node));
    slopes.multiply(g, others_of(bits, s.wiring + (int64_t)node * fan_in, fan_in, pin));
    for (int i = 0; i < STEP; ++i) row.of[i] += g.of[i];
  }
}

// An OR pool passes the gradient to its first input that is 1, and to input 0 where none is.
template <class From>
__device__ void gather_pools(const Stage &s, const LaneBits &bits, const LaneRows<From> &up,
                             uint32_t input, Four &row) {
  int fan_in = (int)s.fan_in;
  for (int32_t at = s.starts[input], end = s.starts[input + 1]; at < end; ++at) {
    int32_t reader = s.readers[at], node = reader >> 3, pin = reader & 7;
    const int32_t *wires = s.wiring + (int64_t)node * fan_in;
    Four g = load(up.row(node));
    uint32_t own = bits.nibble(wires[pin]), others = 0;
#pragma unroll 1
    for (int q = pin ? 0 : 1; q < (pin ? pin : fan_in); ++q) others |= bits.nibble(wires[q]);
    uint32_t taken = pin ? own & ~others : own | ~others;
    for (int i = 0; i < STEP; ++i)
      if (taken >> i & 1) row.of[i] += g.of[i];
  }
}

// Rows of stage `s`'s inputs. They are the outputs of stage `below`, whose sums are added in
// passing. rows: where they are written to, or null. TILES 2 for edges: of rows that have no more.
template <int READ, int TILES, int SUM, class From, class To>
__global__ void gather_rows(Stage s, Divider positions, Bits bits, Stage below, Bits below_bits,
                            uint32_t samples, Upstream<From> up, To *rows) {
  extern __shared__ float shared[];
  uint32_t input = row_number();
  if (input >= (uint32_t)s.inputs) return;
  Sums<SUM> sums(below, input, shared);
  To *to = rows + (uint64_t)input * samples;
  auto pass = [&](uint32_t sample, uint32_t left) {
    LaneBits lane_bits(bits, sample);
    LaneRows<From> lane_up(up, sample);
    Row<TILES> row = {};
    if constexpr (READ == READ_WIDE)
      gather_wide(s, positions, lane_bits, lane_up, input, row.of[0]);
    else if constexpr (READ == READ_POOL)
      gather_pools(s, lane_bits, lane_up, input, row.of[0]);
    else
      gather_pairs<READ>(s, lane_bits, lane_up, input, left, row);
    LaneBits lane_below(below_bits, sample);
#pragma unroll
    for (int tile = 0; tile < TILES; ++tile) {
      if (tile && left <= tile * TILE) continue;
      if (rows) store(to + sample + tile * TILE, row.of[tile]);
      sums.add(lane_below, tile, row.of[tile]);
    }
  };
  if constexpr (TILES == 2)
    pass(first_sample(), samples);
  else
    for (uint32_t first = 0; first < samples; first += TILES * TILE)
      pass(first + first_sample(), samples - first);
  sums.finish();
}

// The gradient of a pin's choice among its candidates: the sum of the row times the slope along the
// pin over the samples in which a candidate is 1. Half a warp a pin.
template <class From>
__global__ void pick_rows(Stage s, Divider positions, Bits bits, uint32_t samples,
                          Upstream<From> up) {
  uint32_t at = row_number(), fan_in = (uint32_t)s.fan_in;
  if (at >= (uint32_t)s.nodes * fan_in) return;
  int32_t node = (int32_t)(at / fan_in), pin = (int32_t)(at % fan_in);
  const int32_t *wires = s.wiring + (int64_t)node * fan_in;
  const int4 *candidates = (const int4 *)s.candidates + (uint64_t)at * (CANDIDATES / 4);
  Slopes slopes(s, positions((uint32_t)node), pin);
  float sums[CANDIDATES] = {};
  for (uint32_t sample = first_sample(); sample < samples; sample += TILE) {
    LaneBits lane(bits, sample);
    Four row = load(LaneRows<From>(up, sample).row(node));
    slopes.multiply(row, others_of(lane, wires, (int)fan_in, pin));
#pragma unroll
    for (int quad = 0; quad < CANDIDATES / 4; ++quad) {
      int4 four = candidates[quad];
      int32_t inputs[4] = {four.x, four.y, four.z, four.w};
#pragma unroll
      for (int c = 0; c < 4; ++c) {
        uint32_t ones = lane.nibble(inputs[c]);
        for (int i = 0; i < STEP; ++i)
          if (ones >> i & 1) sums[4 * quad + c] += row.of[i];
      }
    }
  }
  s.picks[(uint64_t)at * CANDIDATES + lane_number()] = add_up(sums);
}

} // namespace
