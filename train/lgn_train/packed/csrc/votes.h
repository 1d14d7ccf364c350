// What stands at the ends of a run: votes counted, codes encoded.
#pragma once
#include "rows.h"

namespace {

// Count a word's column over rows, in vertical counters: plane p holds bit p of each count.
void count_column(const uint64_t *rows, int64_t count, int64_t words, int32_t *to) {
  uint64_t planes[32] = {};
  int used = 0;
  for (int64_t row = 0; row < count; ++row) {
    uint64_t carry = rows[row * words];
    // Adding one bit to all 64 counts at once: a ripple carry over planes, on average two of them.
    for (int p = 0; carry; ++p) {
      uint64_t both = planes[p] & carry;
      planes[p] ^= carry;
      carry = both;
      used = std::max(used, p + 1);
    }
  }
  for (int s = 0; s < 64; ++s) {
    int32_t sum = 0;
    for (int p = 0; p < used; ++p) sum |= (int32_t)(planes[p] >> s & 1) << p;
    to[s] = sum;
  }
}

// bits[count][words]: each threshold against its feature's codes, a row of 64 * words codes.
template <class Code>
void encode(const Code *codes, const int32_t *feature, const int32_t *threshold, int64_t count,
            int64_t words, uint64_t *bits, int threads) {
  for_rows(count, 4.0 * words, threads, [&](int64_t first, int64_t last) {
    for (int64_t bit = first; bit < last; ++bit) {
      const Code *row = codes + feature[bit] * words * 64;
      for (int64_t w = 0; w < words; ++w)
        bits[bit * words + w] = codes_above(row + 64 * w, threshold[bit]);
    }
  });
}

} // namespace
