// Stages forward: a truth table as a tree of multiplexers over 64 samples per word.
#pragma once
#include "rows.h"

namespace {

// All 64 bits are those of one entry of a table: 0 - 1 is all ones.
inline uint64_t all_where(uint64_t table, int entry) { return 0 - (table >> entry & 1); }

// A tree of multiplexers: pin 0 chooses between neighbouring entries.
template <int FAN_IN> uint64_t look_up_word(uint64_t table, const uint64_t *pins) {
  uint64_t entries[1 << (FAN_IN - 1)];
  for (int j = 0; j < 1 << (FAN_IN - 1); ++j) {
    uint64_t low = all_where(table, 2 * j), high = all_where(table, 2 * j + 1);
    entries[j] = low ^ ((low ^ high) & pins[0]);
  }
  for (int pin = 1; pin < FAN_IN; ++pin)
    for (int j = 0; j < 1 << (FAN_IN - 1 - pin); ++j)
      entries[j] = entries[2 * j] ^ ((entries[2 * j] ^ entries[2 * j + 1]) & pins[pin]);
  return entries[0];
}

// Rows first to last of a stage, on one thread. The arity is a constant, so that the tree is
// unrolled into registers: 2**FAN_IN - 1 multiplexers of two operations each.
template <int FAN_IN>
void forward_rows(const Stage &s, const uint64_t *x, int64_t words, int64_t first, int64_t last) {
  for (int64_t node = first; node < last; ++node) {
    const int32_t *wires = s.wiring + node * FAN_IN;
    uint64_t table = s.tables[s.positions == 1 ? node : node / s.positions];
    for (int64_t w = 0; w < words; ++w) {
      uint64_t pins[FAN_IN];
      for (int pin = 0; pin < FAN_IN; ++pin)
        pins[pin] = wires[pin] < 0 ? 0 : x[wires[pin] * words + w];
      s.out[node * words + w] = look_up_word<FAN_IN>(table, pins);
    }
  }
}

// The OR of a window; a pin without a wire lies outside of the image, and is 0.
void pool_rows(const Stage &s, const uint64_t *x, int64_t words, int64_t first, int64_t last) {
  for (int64_t node = first; node < last; ++node)
    for (int64_t w = 0; w < words; ++w) {
      uint64_t any = 0;
      for (int pin = 0; pin < s.fan_in; ++pin) {
        int32_t wire = s.wiring[node * s.fan_in + pin];
        if (wire >= 0) any |= x[wire * words + w];
      }
      s.out[node * words + w] = any;
    }
}

// About 0.3 ns for each entry of a table and word, measured with AVX-512; it only decides whether
// threads pay.
void forward_stage(const Stage &s, const uint64_t *x, int64_t words, int threads) {
  for_rows(s.nodes, 0.3 * words * (1 << s.fan_in), threads, [&](int64_t first, int64_t last) {
    if (s.kind == OR_POOL) return pool_rows(s, x, words, first, last);
    switch (s.fan_in) {
    case 1: return forward_rows<1>(s, x, words, first, last);
    case 2: return forward_rows<2>(s, x, words, first, last);
    case 3: return forward_rows<3>(s, x, words, first, last);
    case 4: return forward_rows<4>(s, x, words, first, last);
    case 5: return forward_rows<5>(s, x, words, first, last);
    case 6: return forward_rows<6>(s, x, words, first, last);
    }
  });
}

} // namespace
