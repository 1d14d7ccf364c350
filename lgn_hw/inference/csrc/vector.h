// 512 samples in a vector, and what differs between machines: comparison of bytes, 16 x 16 transposes.
#pragma once
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#define LGN_INLINE inline __attribute__((always_inline))

namespace lgn {

typedef uint64_t Vector __attribute__((vector_size(64)));

constexpr int WORD = 64;            // samples
constexpr int BLOCK = 512;          // samples of a Vector
constexpr int WORDS = BLOCK / WORD; // of a Vector
constexpr int TILE = 16;            // samples that are transposed together
constexpr int CHUNK = 64;           // features that are transposed together

// Bit s of the result: x[s] > threshold, of 64 bytes.
LGN_INLINE uint64_t bytes_above(const uint8_t *x, uint8_t threshold) {
#if defined(__AVX512BW__)
  return _mm512_cmpgt_epu8_mask(_mm512_loadu_si512(x), _mm512_set1_epi8((char)threshold));
#elif defined(__AVX2__)
  const __m256i limit = _mm256_set1_epi8((char)threshold);
  uint64_t found = 0;
  for (int half = 0; half < 2; ++half) {
    __m256i codes = _mm256_loadu_si256((const __m256i *)x + half);
    __m256i not_above = _mm256_cmpeq_epi8(_mm256_subs_epu8(codes, limit), _mm256_setzero_si256());
    found |= (uint64_t)(uint32_t)~_mm256_movemask_epi8(not_above) << (32 * half);
  }
  return found;
#elif defined(__SSE2__)
  const __m128i limit = _mm_set1_epi8((char)threshold);
  uint64_t found = 0;
  for (int part = 0; part < 4; ++part) {
    __m128i codes = _mm_loadu_si128((const __m128i *)x + part);
    __m128i not_above = _mm_cmpeq_epi8(_mm_subs_epu8(codes, limit), _mm_setzero_si128());
    found |= (uint64_t)(uint16_t)~_mm_movemask_epi8(not_above) << (16 * part);
  }
  return found;
#else
  uint64_t found = 0;
  for (int s = 0; s < WORD; ++s) found |= (uint64_t)(x[s] > threshold) << s;
  return found;
#endif
}

// Interleaving the bytes of rows i and i + 8 rotates an element's address, row then column, by one
// bit; four times makes the transpose.
template <class Row, class Low, class High>
LGN_INLINE void transpose_rows(Row (&rows)[TILE], const Low &low, const High &high) {
  for (int round = 0; round < 4; ++round) {
    Row next[TILE];
    for (int i = 0; i < TILE / 2; ++i) {
      next[2 * i] = low(rows[i], rows[i + TILE / 2]);
      next[2 * i + 1] = high(rows[i], rows[i + TILE / 2]);
    }
    for (int i = 0; i < TILE; ++i) rows[i] = next[i];
  }
}

// to[f * WORD + s] = from[s][f] for 16 samples s and 64 features f.
inline void transpose(const uint8_t *const *from, uint8_t *to) {
#if defined(__AVX512BW__)
  __m512i rows[TILE];
  for (int s = 0; s < TILE; ++s) rows[s] = _mm512_loadu_si512(from[s]);
  transpose_rows(
      rows, [](__m512i a, __m512i b) { return _mm512_unpacklo_epi8(a, b); },
      [](__m512i a, __m512i b) { return _mm512_unpackhi_epi8(a, b); });
  for (int f = 0; f < TILE; ++f) {
    __m128i *column = (__m128i *)(to + f * WORD);
    constexpr int STEP = TILE * WORD / sizeof(__m128i);
    _mm_storeu_si128(column, _mm512_castsi512_si128(rows[f]));
    _mm_storeu_si128(column + STEP, _mm512_extracti32x4_epi32(rows[f], 1));
    _mm_storeu_si128(column + 2 * STEP, _mm512_extracti32x4_epi32(rows[f], 2));
    _mm_storeu_si128(column + 3 * STEP, _mm512_extracti32x4_epi32(rows[f], 3));
  }
#elif defined(__SSE2__)
  for (int part = 0; part < CHUNK; part += TILE) {
    __m128i rows[TILE];
    for (int s = 0; s < TILE; ++s) rows[s] = _mm_loadu_si128((const __m128i *)(from[s] + part));
    transpose_rows(
        rows, [](__m128i a, __m128i b) { return _mm_unpacklo_epi8(a, b); },
        [](__m128i a, __m128i b) { return _mm_unpackhi_epi8(a, b); });
    for (int f = 0; f < TILE; ++f)
      _mm_storeu_si128((__m128i *)(to + (part + f) * WORD), rows[f]);
  }
#else
  for (int s = 0; s < TILE; ++s)
    for (int f = 0; f < CHUNK; ++f) to[f * WORD + s] = from[s][f];
#endif
}

} // namespace lgn
