// A run of stages backward: which kernels are launched, in which order.
#pragma once
#include <type_traits>

#include "gather.cuh"

namespace {

// Call f with a constant for how sums are kept, so that each combination is a kernel of its own.
template <class F> void with_summing(int how, const F &f) {
  switch (how) {
  case NONE: return f(std::integral_constant<int, NONE>{});
  case PAIR: return f(std::integral_constant<int, PAIR>{});
  case WIDE: return f(std::integral_constant<int, WIDE>{});
  }
}

// Call f with what the readers are, and with how many tiles of their rows are worked on together.
template <class F> void with_reading(const Stage &s, uint32_t samples, const F &f) {
  constexpr std::integral_constant<int, 1> one;
  constexpr std::integral_constant<int, 2> two;
  constexpr std::integral_constant<int, 4> four;
  constexpr std::integral_constant<int, READ_SOFT> soft;
  constexpr std::integral_constant<int, READ_HARD> hard;
  if (s.kind == OR_POOL) return f(std::integral_constant<int, READ_POOL>{}, one);
  if (!s.edges) return f(std::integral_constant<int, READ_WIDE>{}, one);
  // Small batches: rows have one or two tiles, and kernels for four would keep registers for
  // nothing.
  if (samples <= 2 * TILE) return s.slopes ? f(soft, two) : f(hard, two);
  s.slopes ? f(soft, four) : f(hard, four);
}

// G: of gradients between stages.
template <class G> struct Backward {
  const Stage *stages;
  int64_t count, words;
  const uint64_t *x;
  cudaStream_t stream;

  uint32_t samples() const { return (uint32_t)(64 * words); }
  // What stage l reads; of stage -1, nobody.
  Bits bits(int64_t l) const { return {l > 0 ? stages[l - 1].out : x, words}; }

  // The last stage's sums.
  void start(const Upstream<float> &top) {
    const Stage &s = stages[count - 1];
    with_summing(summing(&s), [&](auto how) {
      if constexpr (how != NONE)
        sum_rows<how><<<blocks(s.nodes, ROWS), LANES * ROWS, shared_of(&s), stream>>>(
            s, bits(count - 1), samples(), top);
    });
    pick(count - 1, top);
  }

  // The gradients of what the pins of stage l chose, where they did; up: of its outputs.
  template <class From> void pick(int64_t l, const Upstream<From> &up) {
    const Stage &s = stages[l];
    if (s.picks)
      pick_rows<From><<<blocks(s.nodes * s.fan_in, ROWS), LANES * ROWS, 0, stream>>>(
          s, Divider(s.positions), bits(l), samples(), up);
  }

  // The rows of stage l's inputs, and the sums of the stage below.
  template <class From, class To> void step(int64_t l, const Upstream<From> &up, To *rows) {
    const Stage &s = stages[l], *below = l ? &stages[l - 1] : nullptr;
    unsigned grid = blocks(s.inputs, ROWS);
    with_reading(s, samples(), [&](auto read, auto tiles) {
      with_summing(summing(below), [&](auto how) {
        gather_rows<read, tiles, how><<<grid, LANES * ROWS, shared_of(below), stream>>>(
            s, Divider(s.positions), bits(l), below ? *below : s, bits(l - 1), samples(), up, rows);
      });
    });
    if (below && below->picks) pick(l - 1, Upstream<To>(rows, samples(), 1));
  }

  void run(const float *given, int64_t group, float *d_x, G *rows) {
    int64_t last = count - 1, widest = 0;
    for (int64_t l = 0; l < last; ++l) widest = stages[l].nodes > widest ? stages[l].nodes : widest;
    G *const buffers[2] = {rows, rows + widest * samples()};
    Upstream<float> top(given, samples(), group);
    start(top);
    for (int64_t l = last; l >= (d_x ? 0 : 1); --l) {
      Upstream<G> up(buffers[(l + 1) % 2], samples(), 1);
      // Nobody reads the rows of stage 0's outputs, unless its pins chose their inputs.
      G *to = l > 1 || d_x || stages[0].picks ? buffers[l % 2] : nullptr;
      if (l == last && !l)
        step(l, top, d_x);
      else if (l == last)
        step(l, top, to);
      else if (!l)
        step(l, up, d_x);
      else
        step(l, up, to);
    }
  }
};

} // namespace
