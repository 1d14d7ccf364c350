// Sixteen lanes: vectors of the compiler's own, and the few operations on masks that it lacks.
//
// The same source is compiled once for each instruction set, without fused multiply-add, and sums
// are added in the same order in all of them: results are equal bit for bit.
#pragma once
#include <stdint.h>
#include <string.h>

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace lgn {

constexpr int LANES = 16;
typedef float Floats __attribute__((vector_size(64)));
typedef uint32_t Words __attribute__((vector_size(64)));
typedef int32_t Signed __attribute__((vector_size(64)));
typedef uint8_t Octets __attribute__((vector_size(64)));
typedef float Half __attribute__((vector_size(32)));
typedef float Quarter __attribute__((vector_size(16)));

constexpr Words LANE = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

LGN_FN Words bits_of(Floats x) { return (Words)x; }
LGN_FN Floats float_of_bits(Words x) { return (Floats)x; }
LGN_FN Floats to_float(Words x) { return __builtin_convertvector((Signed)x, Floats); }
LGN_FN Words shift_arithmetic(Words x, int by) { return (Words)((Signed)x >> by); }

LGN_FN Floats splat(float x) { return Floats{} + x; }

LGN_FN Floats load(const float *from) {
  Floats x;
  memcpy(&x, from, sizeof x);
  return x;
}
LGN_FN void store(float *to, Floats x) { memcpy(to, &x, sizeof x); }

// bfloat16: the upper half of a float, rounded to nearest, to even on a tie.
LGN_FN Floats load(const uint16_t *from) {
  typedef uint16_t Shorts __attribute__((vector_size(32)));
  Shorts x;
  memcpy(&x, from, sizeof x);
#if defined(__AVX512F__)
  return (Floats)((Words)_mm512_cvtepu16_epi32((__m256i)x) << 16); // g++ 12: lane by lane
#else
  return (Floats)(__builtin_convertvector(x, Words) << 16);
#endif
}
LGN_FN void store(uint16_t *to, Floats x) {
  typedef uint16_t Shorts __attribute__((vector_size(32)));
  Words bits = (Words)x;
  // 0x7FFF rounds up what lies above a half, and the lowest bit kept decides on a tie. A NaN may
  // become infinite here; gradients that are NaN have ended training before.
  bits = bits + 0x7FFFu + (bits >> 16 & 1u);
#if defined(__AVX512F__)
  Shorts high = (Shorts)_mm512_cvtepi32_epi16((__m512i)(bits >> 16));
#else
  Shorts high = __builtin_convertvector(bits >> 16, Shorts);
#endif
  memcpy(to, &high, sizeof high);
}

// The upper and the lower words of 32 x 32 bit products, lane by lane, for Philox. AVX-512
// multiplies even lanes only: the odd ones are shifted down first, and their results blended in.
LGN_FN void multiply_wide(Words a, uint32_t b, Words &high, Words &low) {
#if defined(__AVX512F__)
  __m512i factor = _mm512_set1_epi32((int)b);
  __m512i even = _mm512_mul_epu32((__m512i)a, factor);
  __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64((__m512i)a, 32), factor);
  high = (Words)_mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
  low = (Words)_mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32));
#else
  for (int i = 0; i < LANES; ++i) {
    uint64_t product = (uint64_t)a[i] * b;
    high[i] = (uint32_t)(product >> 32);
    low[i] = (uint32_t)product;
  }
#endif
}

// Lane i of a selection is `yes` where bit i of the mask is set.
LGN_FN Floats select(uint16_t mask, Floats yes, Floats no) {
#if defined(__AVX512F__)
  return (Floats)_mm512_mask_blend_ps(mask, (__m512)no, (__m512)yes);
#else
  Words set = (Words{} + mask) & (1u << LANE);
  return set != 0u ? yes : no;
#endif
}
LGN_FN Floats add_where(uint16_t mask, Floats sum, Floats x) {
#if defined(__AVX512F__)
  return (Floats)_mm512_mask_add_ps((__m512)sum, mask, (__m512)sum, (__m512)x);
#else
  return sum + select(mask, x, Floats{});
#endif
}
// Add `bit` to byte i of a vector where bit i of a word is set.
LGN_FN Octets or_where(uint64_t word, Octets x, uint8_t bit) {
#if defined(__AVX512BW__)
  return (Octets)_mm512_mask_add_epi8((__m512i)x, word, (__m512i)x, _mm512_set1_epi8((char)bit));
#else
  for (int i = 0; i < 64; ++i) x[i] |= (uint8_t)((word >> i & 1) * bit);
  return x;
#endif
}
LGN_FN Words widen(const uint8_t *from) {
  typedef uint8_t Sixteen __attribute__((vector_size(16)));
  Sixteen x;
  memcpy(&x, from, sizeof x);
#if defined(__AVX512F__)
  return (Words)_mm512_cvtepu8_epi32((__m128i)x); // g++ 12 converts lane by lane
#else
  return __builtin_convertvector(x, Words);
#endif
}

// Which of 64 codes are above a threshold: a word of bits.
LGN_FN uint64_t codes_above(const uint8_t *from, int32_t threshold) {
  // Thresholds outside of a byte: every code is above a negative one, none above 255.
  if (threshold < 0 || threshold > 254) return threshold < 0 ? ~0ull : 0;
#if defined(__AVX512BW__)
  return _mm512_cmpgt_epu8_mask(_mm512_loadu_si512(from), _mm512_set1_epi8((char)threshold));
#else
  uint64_t word = 0;
  for (int i = 0; i < 64; ++i) word |= (uint64_t)(from[i] > threshold) << i;
  return word;
#endif
}
LGN_FN uint64_t codes_above(const int32_t *from, int32_t threshold) {
  uint64_t word = 0;
  for (int part = 0; part < 64; part += LANES) {
    Signed x;
    memcpy(&x, from + part, sizeof x);
#if defined(__AVX512F__)
    uint64_t mask = _mm512_cmpgt_epi32_mask((__m512i)x, _mm512_set1_epi32(threshold));
#else
    Words bits = (Words)(x > threshold) & (1u << LANE);
    uint64_t mask = 0;
    for (int i = 0; i < LANES; ++i) mask |= bits[i];
#endif
    word |= mask << part;
  }
  return word;
}

// The entry of a table of 1 << SIZE values that each lane's index names; room for 32 values.
template <int SIZE> LGN_FN Floats look_up(const float *table, Words index) {
#if defined(__AVX512F__)
  if constexpr (SIZE <= 4)
    return (Floats)_mm512_permutexvar_ps((__m512i)index, (__m512)load(table));
  else
    return (Floats)_mm512_permutex2var_ps((__m512)load(table), (__m512i)index,
                                          (__m512)load(table + LANES));
#else
  Floats found;
  for (int i = 0; i < LANES; ++i) found[i] = table[index[i]];
  return found;
#endif
}

// The sums of four vectors' lanes, each added in halves: 16 to 8 to 4 to 2 to 1.
LGN_FN Quarter add_lanes(Floats a, Floats b, Floats c, Floats d) {
  Floats ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
              __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29,
                                      30, 31);
  Floats cd = __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
              __builtin_shufflevector(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29,
                                      30, 31);
  // Four of each vector, and of these two pairs.
  Floats four = __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25,
                                        26, 27) +
                __builtin_shufflevector(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29,
                                        30, 31);
  Half two = __builtin_shufflevector(four, four, 0, 1, 4, 5, 8, 9, 12, 13) +
             __builtin_shufflevector(four, four, 2, 3, 6, 7, 10, 11, 14, 15);
  return __builtin_shufflevector(two, two, 0, 2, 4, 6) +
         __builtin_shufflevector(two, two, 1, 3, 5, 7);
}

} // namespace lgn
