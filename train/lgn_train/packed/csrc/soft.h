// Soft stages: numbers between 0 and 1 forward; table sums and input gradients in one pass back.
//
// A node interpolates its table linearly in each pin, pin 0 first. A block of samples goes through
// all stages on one thread, so that its rows stay in the cache from one stage to the next, and the
// threads need not wait for each other.
//
// Over 300 lines: forward and backward are two readings of one block, its rows and its pins.
#pragma once
#include "rows.h"

namespace {

constexpr int SOFT_VECTORS = SOFT_BLOCK / LANES;
constexpr int SOFT_AHEAD = 20; // nodes whose pins are prefetched

alignas(64) const float NO_ROW[SOFT_BLOCK] = {}; // what a pin without a wire reads

// The rows of one block.
struct Rows {
  float *first;
  float *row(int64_t at) const { return first + at * SOFT_BLOCK; }
  const float *pin(int32_t wire) const { return wire < 0 ? NO_ROW : row(wire); }
};

inline void fetch(const float *row) {
  for (int at = 0; at < SOFT_BLOCK; at += 16) __builtin_prefetch(row + at);
}

template <int FAN_IN> inline void fetch_pins(const Stage &s, int64_t node, Rows x) {
  if (node >= s.nodes) return;
  for (int pin = 0; pin < FAN_IN; ++pin) fetch(x.pin(s.wiring[node * FAN_IN + pin]));
}

// t[1 << PINS] at pins[PINS].
template <int PINS>
inline __attribute__((always_inline)) Floats interpolate(const float *t, const Floats *pins) {
  if constexpr (PINS == 1) {
    return splat(t[0]) + pins[0] * splat(t[1] - t[0]);
  } else {
    Floats low = interpolate<PINS - 1>(t, pins);
    Floats high = interpolate<PINS - 1>(t + (1 << (PINS - 1)), pins);
    return low + pins[PINS - 1] * (high - low);
  }
}

// Go back through interpolate(): add to each entry's sum what of the upstream gradient `share`
// reaches it, and to each pin's gradient. Entries that differ in pin 0 get one sum for both and one
// for the upper of them. Return the interpolated value, where pins have gradients.
template <int PINS, bool SLOPES>
inline __attribute__((always_inline)) Floats descend(const float *t, Floats share,
                                                     const Floats *pins, Floats *d_pins,
                                                     Floats *sums) {
  if constexpr (PINS == 1) {
    sums[0] = sums[0] + share;
    sums[1] = sums[1] + share * pins[0];
    Floats slope = splat(t[1] - t[0]);
    if (SLOPES) d_pins[0] = d_pins[0] + share * slope;
    return SLOPES ? splat(t[0]) + pins[0] * slope : share;
  } else {
    // The upper half of the entries belongs to the last pin being 1. Its share of the gradient is
    // the pin's value, the lower half's is what remains.
    constexpr int HALF = 1 << (PINS - 1);
    Floats upper = share * pins[PINS - 1];
    Floats low = descend<PINS - 1, SLOPES>(t, share - upper, pins, d_pins, sums);
    Floats high = descend<PINS - 1, SLOPES>(t + HALF, upper, pins, d_pins, sums + HALF);
    if (!SLOPES) return share;
    d_pins[PINS - 1] = d_pins[PINS - 1] + share * (high - low);
    return low + pins[PINS - 1] * (high - low);
  }
}

// out(node, vector, value) takes what a node gives.
template <int FAN_IN, class Out> void soft_nodes(const Stage &s, Rows x, const Out &out) {
  for (int64_t node = 0, table = 0; node < s.nodes; ++table) {
    float t[1 << FAN_IN];
    memcpy(t, s.slopes + (table << FAN_IN), sizeof t);
    for (int64_t position = 0; position < s.positions; ++position, ++node) {
      fetch_pins<FAN_IN>(s, node + SOFT_AHEAD, x);
      const int32_t *wires = s.wiring + node * FAN_IN;
      for (int v = 0; v < SOFT_VECTORS; ++v) {
        Floats pins[FAN_IN];
        for (int pin = 0; pin < FAN_IN; ++pin) pins[pin] = load(x.pin(wires[pin]) + LANES * v);
        out(node, v, interpolate<FAN_IN>(t, pins));
      }
    }
  }
}

template <class Out> void soft_pools(const Stage &s, Rows x, const Out &out) {
  for (int64_t node = 0; node < s.nodes; ++node)
    for (int v = 0; v < SOFT_VECTORS; ++v) {
      Floats most = {};
      for (int pin = 0; pin < s.fan_in; ++pin) {
        Floats value = load(x.pin(s.wiring[node * s.fan_in + pin]) + LANES * v);
        most = value > most ? value : most;
      }
      out(node, v, most);
    }
}

template <class Out> void soft_stage(const Stage &s, Rows x, const Out &out) {
  if (s.kind == OR_POOL) return soft_pools(s, x, out);
  switch (s.fan_in) {
  case 2: return soft_nodes<2>(s, x, out);
  case 3: return soft_nodes<3>(s, x, out);
  case 4: return soft_nodes<4>(s, x, out);
  case 5: return soft_nodes<5>(s, x, out);
  case 6: return soft_nodes<6>(s, x, out);
  }
}

// Add to the gradient of each candidate of a node's pins: that of the pin, times its value.
template <int FAN_IN>
void add_picks(const Stage &s, Rows x, int64_t node, const Floats (*d_pins)[FAN_IN], float *picks) {
  for (int64_t pin = 0; pin < FAN_IN; ++pin) {
    int64_t first = (node * FAN_IN + pin) * CANDIDATES;
    for (int c = 0; c < CANDIDATES; c += 4) {
      Floats found[4] = {};
      for (int i = 0; i < 4; ++i) {
        const float *row = x.pin(s.candidates[first + c + i]);
        for (int v = 0; v < SOFT_VECTORS; ++v)
          found[i] = found[i] + load(row + LANES * v) * d_pins[v][pin];
      }
      Quarter four = add_lanes(found[0], found[1], found[2], found[3]);
      for (int i = 0; i < 4; ++i) picks[first + c + i] += four[i];
    }
  }
}

// What a stage's way back adds to: rows of its inputs' gradients, or null, and sums.
struct SoftGradients {
  Rows d_x;
  float *sums, *picks;
};

template <int FAN_IN, bool SLOPES>
void soft_nodes_back(const Stage &s, Rows x, const Upstream<float> &up, const SoftGradients &to) {
  constexpr int ENTRIES = 1 << FAN_IN;
  for (int64_t node = 0, table = 0; node < s.nodes; ++table) {
    float t[ENTRIES];
    memcpy(t, s.slopes + (table << FAN_IN), sizeof t);
    Floats sums[ENTRIES] = {};
    for (int64_t position = 0; position < s.positions; ++position, ++node) {
      fetch_pins<FAN_IN>(s, node + SOFT_AHEAD, x);
      if (to.d_x.first) fetch_pins<FAN_IN>(s, node + SOFT_AHEAD, to.d_x);
      const int32_t *wires = s.wiring + node * FAN_IN;
      const float *g = up.row(node);
      // Summed in registers over the tree first, then added to the inputs' rows: the same input may
      // be read by two pins, whose additions must not overwrite each other.
      Floats d_pins[SOFT_VECTORS][FAN_IN] = {};
      for (int v = 0; v < SOFT_VECTORS; ++v) {
        Floats pins[FAN_IN];
        for (int pin = 0; pin < FAN_IN; ++pin) pins[pin] = load(x.pin(wires[pin]) + LANES * v);
        descend<FAN_IN, SLOPES>(t, load(g + LANES * v), pins, d_pins[v], sums);
        if (!to.d_x.first) continue;
        for (int pin = 0; pin < FAN_IN; ++pin) {
          if (wires[pin] < 0) continue;
          float *row = to.d_x.row(wires[pin]) + LANES * v;
          store(row, load(row) + d_pins[v][pin]);
        }
      }
      if (SLOPES && s.candidates) add_picks<FAN_IN>(s, x, node, d_pins, to.picks);
    }
    float *found = to.sums + (table << FAN_IN);
    for (int j = 0; j < ENTRIES; j += 4) {
      Quarter four = add_lanes(sums[j], sums[j + 1], sums[j + 2], sums[j + 3]);
      // descend() kept one sum for both entries of a pair, and one for the upper: the lower is the
      // difference.
      found[j] += four[0] - four[1], found[j + 1] += four[1];
      found[j + 2] += four[2] - four[3], found[j + 3] += four[3];
    }
  }
}

// The gradient goes to the first pin of the greatest value.
void soft_pools_back(const Stage &s, Rows x, const Upstream<float> &up, Rows d_x) {
  if (!d_x.first) return;
  for (int64_t node = 0; node < s.nodes; ++node) {
    const int32_t *wires = s.wiring + node * s.fan_in;
    for (int v = 0; v < SOFT_VECTORS; ++v) {
      Floats most = load(x.pin(wires[0]) + LANES * v);
      Words where = {};
      for (int pin = 1; pin < s.fan_in; ++pin) {
        Floats value = load(x.pin(wires[pin]) + LANES * v);
        where = value > most ? Words{} + (uint32_t)pin : where;
        most = value > most ? value : most;
      }
      Floats g = load(up.row(node) + LANES * v);
      for (int pin = 0; pin < s.fan_in; ++pin) {
        if (wires[pin] < 0) continue;
        float *row = d_x.row(wires[pin]) + LANES * v;
        store(row, load(row) + (where == (uint32_t)pin ? g : Floats{}));
      }
    }
  }
}

template <bool SLOPES>
void soft_tables_back(const Stage &s, Rows x, const Upstream<float> &up, const SoftGradients &to) {
  switch (s.fan_in) {
  case 2: return soft_nodes_back<2, SLOPES>(s, x, up, to);
  case 3: return soft_nodes_back<3, SLOPES>(s, x, up, to);
  case 4: return soft_nodes_back<4, SLOPES>(s, x, up, to);
  case 5: return soft_nodes_back<5, SLOPES>(s, x, up, to);
  case 6: return soft_nodes_back<6, SLOPES>(s, x, up, to);
  }
}

void soft_stage_back(const Stage &s, Rows x, const Upstream<float> &up, const SoftGradients &to) {
  if (to.d_x.first) std::fill(to.d_x.first, to.d_x.row(s.inputs), 0.0f);
  if (s.kind == OR_POOL) return soft_pools_back(s, x, up, to.d_x);
  if (to.d_x.first || s.candidates) return soft_tables_back<true>(s, x, up, to);
  soft_tables_back<false>(s, x, up, to);
}

// One thread's way through the blocks.
struct SoftWalk {
  const SoftRun &run;
  Rows inputs, buffers[2];

  SoftWalk(const SoftRun &run, int who) : run(run) {
    // The workspace of a thread: rows of the inputs as numbers (where bits are given), then two
    // buffers of the widest stage.
    const int64_t first = run.bits ? run.stages[0].inputs : 0;
    inputs = {run.workspace + who * run.workspace_rows * SOFT_BLOCK};
    buffers[0] = {inputs.row(first)};
    buffers[1] = {inputs.row(first + (run.workspace_rows - first) / 2)};
  }

  // What the first stage reads: numbers as they are given, or those of the bits.
  Rows first_rows(int64_t block) const {
    int64_t count = run.stages[0].inputs;
    if (!run.bits) return {(float *)run.x + block * count * SOFT_BLOCK};
    for (int64_t input = 0; input < count; ++input) {
      uint64_t word = run.bits[input * run.words + block * SOFT_BLOCK / 64];
      word >>= block * SOFT_BLOCK % 64;
      for (int v = 0; v < SOFT_VECTORS; ++v)
        store(inputs.row(input) + LANES * v,
              select((uint16_t)(word >> LANES * v), splat(1.0f), Floats{}));
    }
    return inputs;
  }

  Rows values_of(const Stage &s, int64_t block) const {
    return {s.values + block * s.nodes * SOFT_BLOCK};
  }

  void forward(int64_t block, float *votes) const {
    Rows x = first_rows(block);
    for (int64_t l = 0; l < run.count; ++l) {
      const Stage &s = run.stages[l];
      if (l == run.count - 1 && votes) return add_votes(s, x, votes);
      // Where the backward pass needs a stage's outputs they are kept; else they go into one of two
      // buffers.
      Rows to = s.values ? values_of(s, block) : buffers[l % 2];
      soft_stage(s, x, [to](int64_t node, int v, Floats value) {
        store(to.row(node) + LANES * v, value);
      });
      x = to;
    }
  }

  void add_votes(const Stage &s, Rows x, float *votes) const {
    std::fill(votes, votes + s.nodes / run.group * SOFT_BLOCK, 0.0f);
    soft_stage(s, x, [=, group = run.group](int64_t node, int v, Floats value) {
      float *row = votes + node / group * SOFT_BLOCK + LANES * v;
      store(row, load(row) + value);
    });
  }

  void backward(int64_t block, int64_t slot, const float *top, float *d_x) const {
    Rows given = first_rows(block);
    Upstream<float> up{top, SOFT_BLOCK, run.group};
    for (int64_t l = run.count - 1; l >= 0; --l) {
      const Stage &s = run.stages[l];
      Rows x = l ? values_of(run.stages[l - 1], block) : given;
      Rows to = l ? buffers[l % 2] : Rows{d_x};
      soft_stage_back(s, x, up, {to, part(s.sums, sum_count(s), slot), part(s.picks, pick_count(s), slot)});
      up = {to.first, SOFT_BLOCK, 1};
    }
  }

  static int64_t sum_count(const Stage &s) { return s.nodes / s.positions << s.fan_in; }
  static int64_t pick_count(const Stage &s) { return s.nodes * s.fan_in * CANDIDATES; }
  static float *part(float *of, int64_t count, int64_t slot) { return of ? of + slot * count : of; }
};

// Share blocks, or slots of them, among threads where it pays.
void for_blocks(const SoftRun &run, int64_t pieces, int threads, const Work &work) {
  double entries = 0;
  for (int64_t l = 0; l < run.count; ++l)
    entries += (double)run.stages[l].nodes * (1 << run.stages[l].fan_in);
  Pool::here().run(pieces, entries * run.blocks < PARALLEL_NS ? 1 : threads, work);
}

void run_soft_forward(const SoftRun &run, float *votes, int threads) {
  int64_t row = run.stages[run.count - 1].nodes / run.group * SOFT_BLOCK;
  for_blocks(run, run.blocks, threads, [&](int64_t block, int who) {
    SoftWalk(run, who).forward(block, votes ? votes + block * row : nullptr);
  });
}

// Add the sums of all slots to those of the first, in their order.
void add_slots(float *sums, int64_t count, int64_t slots, int threads) {
  if (!sums) return;
  for_rows(count, 0.1 * slots, threads, [&](int64_t first, int64_t last) {
    for (int64_t slot = 1; slot < slots; ++slot)
      for (int64_t i = first; i < last; ++i) sums[i] += sums[slot * count + i];
  });
}

void run_soft_backward(const SoftRun &run, const float *top, float *d_x, int threads) {
  int64_t row = run.stages[run.count - 1].nodes / run.group * SOFT_BLOCK;
  int64_t d_row = run.stages[0].inputs * SOFT_BLOCK;
  // A slot is a fixed set of neighbouring blocks, whoever computes it: so the order of additions
  // does not depend on the threads.
  int64_t share = (run.blocks + run.slots - 1) / run.slots;
  for_blocks(run, run.slots, threads, [&](int64_t slot, int who) {
    SoftWalk walk(run, who);
    for (int64_t l = 0; l < run.count; ++l) {
      const Stage &s = run.stages[l];
      for (auto [sums, count] : {std::pair{s.sums, walk.sum_count(s)}, {s.picks, walk.pick_count(s)}})
        if (sums) std::fill(walk.part(sums, count, slot), walk.part(sums, count, slot + 1), 0.0f);
    }
    for (int64_t block = slot * share; block < std::min(run.blocks, (slot + 1) * share); ++block)
      walk.backward(block, slot, top + block * row, d_x ? d_x + block * d_row : nullptr);
  });
  for (int64_t l = 0; l < run.count; ++l) {
    add_slots(run.stages[l].sums, SoftWalk::sum_count(run.stages[l]), run.slots, threads);
    add_slots(run.stages[l].picks, SoftWalk::pick_count(run.stages[l]), run.slots, threads);
  }
}

} // namespace
