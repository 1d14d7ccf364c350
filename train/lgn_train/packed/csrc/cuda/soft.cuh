// Soft stages on CUDA: numbers between 0 and 1, a row for the whole batch, half a warp a row.
//
// The arithmetic is that of soft.h: a node interpolates its table linearly in each pin, pin 0 first.
// Gradients of inputs are gathered from their readers, so that each is added in one order.
//
// Over 300 lines: forward and backward share how a lane reads its rows.
#pragma once
#include <type_traits>

#include "rows.cuh"

namespace {

// Rows of numbers as a lane reads them.
struct LaneNumbers {
  const float *rows;
  uint32_t samples;

  __device__ LaneNumbers(const float *rows, uint32_t samples, uint32_t sample)
      : rows(rows + sample), samples(samples) {}
  // All 0 for input -1.
  __device__ Four of(int32_t input) const {
    return input < 0 ? Four{} : load(rows + (uint64_t)(uint32_t)input * samples);
  }
};

__device__ Four between(const Four &low, const Four &high, const Four &pin) {
  Four found;
  for (int i = 0; i < STEP; ++i) found.of[i] = low.of[i] + pin.of[i] * (high.of[i] - low.of[i]);
  return found;
}

// Entry `first` and the 2**PINS - 1 behind it, interpolated at pins[PINS].
template <int PINS, class Entry>
__device__ Four interpolated(const Entry &entry, int first, const Four *pins) {
  if constexpr (PINS == 0) {
    float t = entry(first);
    return {{t, t, t, t}};
  } else {
    constexpr int HALF = 1 << (PINS - 1);
    Four low = interpolated<PINS - 1>(entry, first, pins);
    Four high = interpolated<PINS - 1>(entry, first + HALF, pins);
    return between(low, high, pins[PINS - 1]);
  }
}

template <int FAN_IN>
__device__ void read_pins(const int32_t *wires, const LaneNumbers &x, Four *pins) {
#pragma unroll
  for (int pin = 0; pin < FAN_IN; ++pin) pins[pin] = x.of(wires[pin]);
}

// The slope of a node along one pin, at the values of the others.
template <int FAN_IN>
__device__ Four slope_along(const float *t, const int32_t *wires, const LaneNumbers &x, int pin) {
  Four others[FAN_IN - 1];
#pragma unroll
  for (int q = 0; q < FAN_IN - 1; ++q) others[q] = x.of(wires[q < pin ? q : q + 1]);
  auto difference = [=](int index) {
    // Put a 0 at the place of the pin into the index of the others; with a 1 there it is the upper
    // entry.
    int low = index >> pin << (pin + 1) | (index & ((1 << pin) - 1));
    return __ldg(t + (low | 1 << pin)) - __ldg(t + low);
  };
  return interpolated<FAN_IN - 1>(difference, 0, others);
}

__device__ const float *table_of(const Stage &s, const Divider &positions, uint32_t node) {
  return s.slopes + ((uint64_t)positions(node) << s.fan_in);
}

// ---- forward ------------------------------------------------------------------------------------

// Rows of numbers of rows of bits.
__global__ void expand_rows(Bits bits, uint32_t inputs, uint32_t samples, float *to) {
  uint32_t input = row_number();
  if (input >= inputs) return;
  for (uint32_t sample = first_sample(); sample < samples; sample += TILE) {
    uint32_t ones = LaneBits(bits, sample).nibble((int32_t)input);
    Four row;
    for (int i = 0; i < STEP; ++i) row.of[i] = (float)(ones >> i & 1);
    store(to + (uint64_t)input * samples + sample, row);
  }
}

template <int FAN_IN>
__global__ void soft_rows(Stage s, Divider positions, const float *x, uint32_t samples, float *to) {
  uint32_t node = row_number();
  if (node >= (uint32_t)s.nodes) return;
  const float *t = table_of(s, positions, node);
  for (uint32_t sample = first_sample(); sample < samples; sample += TILE) {
    Four pins[FAN_IN];
    read_pins<FAN_IN>(s.wiring + (uint64_t)node * FAN_IN, LaneNumbers(x, samples, sample), pins);
    auto entry = [=](int index) { return __ldg(t + index); };
    store(to + (uint64_t)node * samples + sample, interpolated<FAN_IN>(entry, 0, pins));
  }
}

// The greatest value of a pool, and which pin has it first.
__device__ void greatest(const Stage &s, uint32_t node, const LaneNumbers &x, Four &most,
                         int (&where)[STEP]) {
  const int32_t *wires = s.wiring + (uint64_t)node * s.fan_in;
  most = x.of(wires[0]);
  for (int i = 0; i < STEP; ++i) where[i] = 0;
  for (int pin = 1; pin < s.fan_in; ++pin) {
    Four value = x.of(wires[pin]);
    for (int i = 0; i < STEP; ++i) {
      where[i] = value.of[i] > most.of[i] ? pin : where[i];
      most.of[i] = value.of[i] > most.of[i] ? value.of[i] : most.of[i];
    }
  }
}

__global__ void soft_pool_rows(Stage s, const float *x, uint32_t samples, float *to) {
  uint32_t node = row_number();
  if (node >= (uint32_t)s.nodes) return;
  for (uint32_t sample = first_sample(); sample < samples; sample += TILE) {
    Four most;
    int where[STEP];
    greatest(s, node, LaneNumbers(x, samples, sample), most, where);
    store(to + (uint64_t)node * samples + sample, most);
  }
}

constexpr int VOTE_SLICES = 16; // of a group's rows, added side by side

// A block a group and 64 samples: thread (sample, slice) adds a slice of the rows.
__global__ void vote_rows(const float *rows, uint32_t samples, int64_t group, float *votes) {
  __shared__ float parts[VOTE_SLICES][TILE];
  uint32_t sample = blockIdx.y * TILE + threadIdx.x;
  int slice = threadIdx.y;
  const float *from = rows + (uint64_t)blockIdx.x * group * samples + sample;
  float sum = 0;
#pragma unroll 8
  for (int64_t row = slice; row < group; row += VOTE_SLICES) sum += __ldg(from + row * samples);
  parts[slice][threadIdx.x] = sum;
  __syncthreads();
  if (slice) return;
  for (int other = 1; other < VOTE_SLICES; ++other) sum += parts[other][threadIdx.x];
  votes[(uint64_t)blockIdx.x * samples + sample] = sum;
}

// ---- backward -----------------------------------------------------------------------------------

// Go back through interpolated(): add to each entry's sum what of the gradient `share` reaches it.
// Entries that differ in pin 0 get one sum for both, and one for the upper of them.
template <int PINS>
__device__ void descend(const Four &share, const Four *pins, float *sums) {
  if constexpr (PINS == 1) {
    for (int i = 0; i < STEP; ++i) {
      sums[0] += share.of[i];
      sums[1] += share.of[i] * pins[0].of[i];
    }
  } else {
    Four low, high;
    for (int i = 0; i < STEP; ++i) {
      high.of[i] = share.of[i] * pins[PINS - 1].of[i];
      low.of[i] = share.of[i] - high.of[i];
    }
    descend<PINS - 1>(low, pins, sums);
    descend<PINS - 1>(high, pins, sums + (1 << (PINS - 1)));
  }
}

// The gradient of a table, of all nodes that share it. Half a warp a table.
template <int FAN_IN>
__global__ void soft_sums(Stage s, const float *x, uint32_t samples, Upstream<float> up) {
  constexpr int ENTRIES = 1 << FAN_IN, PART = ENTRIES < LANES ? ENTRIES : LANES;
  uint32_t table = row_number(), positions = (uint32_t)s.positions;
  if (table >= (uint32_t)s.nodes / positions) return;
  float sums[ENTRIES] = {};
  for (uint32_t node = table * positions; node < (table + 1) * positions; ++node)
    for (uint32_t sample = first_sample(); sample < samples; sample += TILE) {
      Four pins[FAN_IN];
      read_pins<FAN_IN>(s.wiring + (uint64_t)node * FAN_IN, LaneNumbers(x, samples, sample), pins);
      descend<FAN_IN>(load(LaneRows<float>(up, sample).row((int32_t)node)), pins, sums);
    }
#pragma unroll
  for (int first = 0; first < ENTRIES; first += PART) {
    float part[PART];
#pragma unroll
    for (int j = 0; j < PART; j += 2) {
      part[j] = sums[first + j] - sums[first + j + 1];
      part[j + 1] = sums[first + j + 1];
    }
    float sum = add_up(part);
    constexpr int EACH = LANES / PART; // lanes that have the same sum
    int lane = lane_number();
    if (lane % EACH == 0) s.sums[(uint64_t)table * ENTRIES + first + lane / EACH] = sum;
  }
}

template <int FAN_IN>
__global__ void soft_gather(Stage s, Divider positions, const float *x, uint32_t samples,
                            Upstream<float> up, float *rows) {
  uint32_t input = row_number();
  if (input >= (uint32_t)s.inputs) return;
  for (uint32_t sample = first_sample(); sample < samples; sample += TILE) {
    LaneNumbers numbers(x, samples, sample);
    LaneRows<float> lane(up, sample);
    Four row = {};
    for (int32_t at = s.starts[input], end = s.starts[input + 1]; at < end; ++at) {
      int32_t reader = s.readers[at], node = reader >> 3;
      const int32_t *wires = s.wiring + (uint64_t)(uint32_t)node * FAN_IN;
      Four g = load(lane.row(node));
      Four slope = slope_along<FAN_IN>(table_of(s, positions, (uint32_t)node), wires, numbers,
                                       reader & 7);
      for (int i = 0; i < STEP; ++i) row.of[i] += g.of[i] * slope.of[i];
    }
    store(rows + (uint64_t)input * samples + sample, row);
  }
}

// The gradient goes to the first pin of the greatest value.
__global__ void soft_gather_pools(Stage s, const float *x, uint32_t samples, Upstream<float> up,
                                  float *rows) {
  uint32_t input = row_number();
  if (input >= (uint32_t)s.inputs) return;
  for (uint32_t sample = first_sample(); sample < samples; sample += TILE) {
    Four row = {}, most;
    for (int32_t at = s.starts[input], end = s.starts[input + 1]; at < end; ++at) {
      int32_t reader = s.readers[at], node = reader >> 3, where[STEP];
      greatest(s, (uint32_t)node, LaneNumbers(x, samples, sample), most, where);
      Four g = load(LaneRows<float>(up, sample).row(node));
      for (int i = 0; i < STEP; ++i) row.of[i] += where[i] == (reader & 7) ? g.of[i] : 0.0f;
    }
    store(rows + (uint64_t)input * samples + sample, row);
  }
}

// The gradient of a pin's choice: for each candidate the sum of the pin's gradient times its value.
template <int FAN_IN>
__global__ void soft_picks(Stage s, Divider positions, const float *x, uint32_t samples,
                           Upstream<float> up) {
  uint32_t at = row_number();
  if (at >= (uint32_t)s.nodes * FAN_IN) return;
  uint32_t node = at / FAN_IN;
  const int32_t *wires = s.wiring + (uint64_t)node * FAN_IN;
  const int32_t *candidates = s.candidates + (uint64_t)at * CANDIDATES;
  float sums[CANDIDATES] = {};
  for (uint32_t sample = first_sample(); sample < samples; sample += TILE) {
    LaneNumbers numbers(x, samples, sample);
    Four g = load(LaneRows<float>(up, sample).row((int32_t)node));
    Four slope = slope_along<FAN_IN>(table_of(s, positions, node), wires, numbers, at % FAN_IN);
#pragma unroll
    for (int c = 0; c < CANDIDATES; ++c) {
      Four value = numbers.of(candidates[c]);
      for (int i = 0; i < STEP; ++i) sums[c] += g.of[i] * slope.of[i] * value.of[i];
    }
  }
  s.picks[(uint64_t)at * CANDIDATES + lane_number()] = add_up(sums);
}

// ---- runs ---------------------------------------------------------------------------------------

template <class F> void with_pins(const Stage &s, const F &f) {
  switch (s.fan_in) {
  case 2: return f(std::integral_constant<int, 2>{});
  case 3: return f(std::integral_constant<int, 3>{});
  case 4: return f(std::integral_constant<int, 4>{});
  case 5: return f(std::integral_constant<int, 5>{});
  case 6: return f(std::integral_constant<int, 6>{});
  }
}

// A run in one block, of the whole batch; see SoftRun.
struct SoftPath {
  const SoftRun &run;
  cudaStream_t stream;
  uint32_t samples;
  float *buffers[2], *last; // two of the widest stage below the last, and one of the last

  SoftPath(const SoftRun &run, cudaStream_t stream)
      : run(run), stream(stream), samples((uint32_t)(64 * run.words)) {
    int64_t first = run.bits ? run.stages[0].inputs : 0, widest = 0;
    for (int64_t l = 0; l < run.count - 1; ++l)
      widest = run.stages[l].nodes > widest ? run.stages[l].nodes : widest;
    for (int i = 0; i < 2; ++i) buffers[i] = run.workspace + (first + i * widest) * samples;
    last = run.workspace + (first + 2 * widest) * samples;
  }

  static unsigned grid(int64_t rows) { return blocks(rows, ROWS); }

  const float *first_rows() const {
    if (!run.bits) return run.x;
    int64_t inputs = run.stages[0].inputs;
    expand_rows<<<grid(inputs), LANES * ROWS, 0, stream>>>(Bits(run.bits, run.words),
                                                           (uint32_t)inputs, samples, run.workspace);
    return run.workspace;
  }

  void forward(float *votes) const {
    const float *x = first_rows();
    for (int64_t l = 0; l < run.count; ++l) {
      const Stage &s = run.stages[l];
      // Votes are added up from the last stage's rows, which then need memory even where nobody
      // keeps them.
      float *to = s.values ? s.values : l < run.count - 1 ? buffers[l % 2] : last;
      if (s.kind == OR_POOL)
        soft_pool_rows<<<grid(s.nodes), LANES * ROWS, 0, stream>>>(s, x, samples, to);
      else
        with_pins(s, [&](auto pins) {
          soft_rows<pins><<<grid(s.nodes), LANES * ROWS, 0, stream>>>(s, Divider(s.positions), x,
                                                                     samples, to);
        });
      x = to;
    }
    if (!votes) return;
    dim3 groups((unsigned)(run.stages[run.count - 1].nodes / run.group), samples / TILE);
    vote_rows<<<groups, dim3(TILE, VOTE_SLICES), 0, stream>>>(x, samples, run.group, votes);
  }

  void backward(const float *top, float *d_x) const {
    const float *given = first_rows();
    Upstream<float> up(top, samples, run.group);
    for (int64_t l = run.count - 1; l >= 0; --l) {
      const Stage &s = run.stages[l];
      const float *x = l ? run.stages[l - 1].values : given;
      float *to = l ? buffers[l % 2] : d_x;
      if (s.kind == OR_POOL) {
        if (to)
          soft_gather_pools<<<grid(s.inputs), LANES * ROWS, 0, stream>>>(s, x, samples, up, to);
      } else
        with_pins(s, [&](auto pins) { back<pins>(s, x, up, to); });
      up = Upstream<float>(to, samples, 1);
    }
  }

  template <int FAN_IN>
  void back(const Stage &s, const float *x, const Upstream<float> &up, float *to) const {
    Divider positions(s.positions);
    soft_sums<FAN_IN><<<grid(s.nodes / s.positions), LANES * ROWS, 0, stream>>>(s, x, samples, up);
    if (s.candidates)
      soft_picks<FAN_IN><<<grid(s.nodes * FAN_IN), LANES * ROWS, 0, stream>>>(s, positions, x,
                                                                             samples, up);
    if (to)
      soft_gather<FAN_IN><<<grid(s.inputs), LANES * ROWS, 0, stream>>>(s, positions, x, samples, up,
                                                                      to);
  }
};

} // namespace
