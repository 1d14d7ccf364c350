// Votes counted in vertical counters (plane p holds bit p of each sample's count), and compared.
#pragma once
#include <algorithm>

#include "logic.h"
#include "program.h"

namespace lgn {

constexpr int MOST_PLANES = 32;

// a + b + c = sum + 2 carry.
LGN_INLINE Vector add(Vector &sum, Vector b, Vector c) {
  Vector carry = three<CARRY>(sum, b, c);
  sum = three<SUM>(sum, b, c);
  return carry;
}

LGN_INLINE void ripple(Vector *planes, int from, int count, Vector carry) {
  for (int p = from; p < count; ++p) {
    Vector both = planes[p] & carry;
    planes[p] ^= carry;
    carry = both;
  }
}

// Add 16 votes a round to counters whose lowest four planes stay in registers (Harley and Seal).
template <bool INVERTED>
void count_votes(const Vector *slots, const uint32_t *vote, const uint32_t *end, Vector *planes,
                 int count) {
  auto at = [&](int i) -> Vector { return INVERTED ? ~slots[vote[i]] : slots[vote[i]]; };
  if (count > 4) {
    Vector one = planes[0], two = planes[1], four = planes[2], eight = planes[3];
    auto fours = [&](int i) {
      Vector a = add(one, at(i), at(i + 1)), b = add(one, at(i + 2), at(i + 3));
      return add(two, a, b);
    };
    auto eights = [&](int i) {
      Vector a = fours(i), b = fours(i + 4);
      return add(four, a, b);
    };
    for (; end - vote >= 16; vote += 16) {
      Vector a = eights(0), b = eights(8);
      ripple(planes, 4, count, add(eight, a, b));
    }
    planes[0] = one, planes[1] = two, planes[2] = four, planes[3] = eight;
  }
  for (; vote < end; ++vote) ripple(planes, 0, count, at(0));
}

inline void score_class(const Program &program, const Vector *slots, int64_t c, Vector *planes) {
  const uint32_t *votes = program.votes.data();
  for (int p = 0; p < program.planes; ++p)
    planes[p] = (Vector){} - (uint64_t)(program.constant[c] >> p & 1);
  const int64_t middle = program.inverted[c];
  count_votes<false>(slots, votes + program.first[c], votes + middle, planes, program.planes);
  count_votes<true>(slots, votes + middle, votes + program.first[c + 1], planes, program.planes);
}

// Bit k of the class that leads, and its score; a later class leads where it has more votes.
struct Leader {
  Vector score[MOST_PLANES], number[MOST_PLANES];
  int bits = 0; // of number

  void meet(const Vector *planes, int count, int64_t c) {
    if (c == 0) {
      std::copy(planes, planes + count, score);
      return;
    }
    Vector above = {};
    for (int p = 0; p < count; ++p) above = three<ABOVE>(planes[p], score[p], above);
    for (int p = 0; p < count; ++p) score[p] = three<CHOICE>(score[p], above, planes[p]);
    for (; c >> bits; ++bits) number[bits] = (Vector){};
    for (int k = 0; k < bits; ++k)
      number[k] = c >> k & 1 ? number[k] | above : number[k] & ~above;
  }
};

struct Spread {
  uint64_t bytes[256]; // bit i in byte i
  Spread() {
    for (int value = 0; value < 256; ++value) {
      uint8_t each[8];
      for (int i = 0; i < 8; ++i) each[i] = value >> i & 1;
      std::memcpy(&bytes[value], each, 8);
    }
  }
};

// to[s * stride]: the number whose bit k is sample s of planes[k].
inline void numbers_of(const Vector *planes, int count, int64_t samples, int32_t *to,
                       int64_t stride) {
  static const Spread SPREAD;
  const uint8_t *octets = (const uint8_t *)planes;
  for (int64_t start = 0; start < samples; start += 8) {
    int32_t numbers[8] = {};
    for (int low = 0; low < count; low += 8) {
      uint64_t sum = 0;
      for (int p = low; p < std::min(count, low + 8); ++p)
        sum |= SPREAD.bytes[octets[p * sizeof(Vector) + start / 8]] << (p - low);
      uint8_t each[8];
      std::memcpy(each, &sum, 8);
      for (int i = 0; i < 8; ++i) numbers[i] |= (int32_t)each[i] << low;
    }
    const int64_t present = std::min<int64_t>(8, samples - start);
    for (int64_t i = 0; i < present; ++i) to[(start + i) * stride] = numbers[i];
  }
}

// How many of some slots hold 1; in four sums, as one would wait for itself at each vote.
inline int32_t ones(const uint8_t *slots, const uint32_t *vote, const uint32_t *end) {
  int32_t sums[4] = {};
  for (; end - vote >= 4; vote += 4)
    for (int i = 0; i < 4; ++i) sums[i] += slots[vote[i]] & 1;
  for (; vote < end; ++vote) sums[0] += slots[*vote] & 1;
  return sums[0] + sums[1] + sums[2] + sums[3];
}

inline int32_t score_one(const Program &program, const uint8_t *slots, int64_t c) {
  const uint32_t *votes = program.votes.data();
  const int64_t middle = program.inverted[c], last = program.first[c + 1];
  return program.constant[c] + (int32_t)(last - middle) + ones(slots, votes + program.first[c], votes + middle) -
         ones(slots, votes + middle, votes + last);
}

} // namespace lgn
