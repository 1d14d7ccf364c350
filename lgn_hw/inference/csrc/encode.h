// Codes to bits: samples are transposed 64 at a time, then compared with all thresholds.
#pragma once
#include <type_traits>

#include "program.h"
#include "values.h"
#include "vector.h"

namespace lgn {

inline const Ranges<uint8_t> &ranges(const Program &program, uint8_t) { return program.bytes; }
inline const Ranges<uint32_t> &ranges(const Program &program, int32_t) { return program.words; }
inline const Ranges<uint64_t> &ranges(const Program &program, int64_t) { return program.longs; }

// Features of a sample as bytes that count from the lowest code; not 0 where one is out of range.
template <class Unsigned, class Code>
LGN_INLINE Unsigned narrow_row(const Code *row, const Unsigned *low, const Unsigned *span, int count,
                               uint8_t *to) {
  Unsigned wrong = 0;
  for (int f = 0; f < count; ++f) {
    const Unsigned code = (Unsigned)row[f] - low[f];
    wrong |= code > span[f];
    to[f] = (uint8_t)code;
  }
  return wrong;
}

// Transpose 64 features of up to 64 samples: columns[f * WORD + s]. True where a code is out of range.
template <class Code>
LGN_INLINE bool load_columns(const Program &program, const Code *codes, int64_t samples, int64_t start,
                             uint8_t *columns) {
  alignas(64) uint8_t copies[TILE][CHUNK];
  static const uint8_t EMPTY[CHUNK] = {};
  const auto *low = &ranges(program, Code()).low[start], *span = &ranges(program, Code()).span[start];
  const int count = program.features - start < CHUNK ? program.features - start : CHUNK;
  const bool copied = sizeof(Code) != 1 || program.biased || count < CHUNK;
  bool wrong = false;
  for (int tile = 0; tile < WORD; tile += TILE) {
    const uint8_t *rows[TILE];
    for (int s = 0; s < TILE; ++s) {
      const Code *row = codes + (tile + s) * program.features + start;
      rows[s] = copied ? copies[s] : (const uint8_t *)row;
      for (int line = 0; line < CHUNK; line += 64 / (int)sizeof(Code)) // of the next 64 samples
        __builtin_prefetch(row + WORD * program.features + line);
      if (tile + s >= samples) rows[s] = EMPTY;
      else if (copied && count == CHUNK) wrong |= narrow_row(row, low, span, CHUNK, copies[s]) != 0;
      else if (copied) wrong |= narrow_row(row, low, span, count, copies[s]) != 0;
    }
    transpose(rows, columns + tile);
  }
  if (!copied && program.bounded)
    for (int f = 0; f < count; ++f) wrong |= bytes_above(columns + f * WORD, (uint8_t)span[f]) != 0;
  return wrong;
}

// Encode up to 64 samples into word `word` of the bits' slots; true where a code is out of range.
template <class Code>
bool encode_bytes(const Program &program, const Code *codes, int64_t samples, uint64_t *slots,
                  int word) {
  alignas(64) uint8_t columns[CHUNK * WORD];
  bool wrong = false;
  for (int64_t c = 0; c * CHUNK < program.features; ++c) {
    wrong |= load_columns(program, codes, samples, c * CHUNK, columns);
    const ByteBit *end = program.byte_bits.data() + program.chunk[c + 1];
    for (const ByteBit *bit = program.byte_bits.data() + program.chunk[c]; bit < end; ++bit)
      slots[bit->slot * (size_t)WORDS + word] = bytes_above(columns + bit->column, bit->threshold);
  }
  return wrong;
}

template <class Code> bool leaves_range(const Program &program, const Code *codes) {
  using Unsigned = std::make_unsigned_t<Code>;
  const Unsigned *low = ranges(program, Code()).low.data(), *span = ranges(program, Code()).span.data();
  Unsigned wrong = 0;
  for (int64_t f = 0; f < program.features; ++f) wrong |= (Unsigned)((Unsigned)codes[f] - low[f]) > span[f];
  return wrong != 0;
}

// The same for ranges of more than 256 codes.
template <class Code>
bool encode_wide(const Program &program, const Code *codes, int64_t samples, uint64_t *slots,
                 int word) {
  bool wrong = false;
  for (int64_t s = 0; s < samples; ++s) wrong |= leaves_range(program, codes + s * program.features);
  Code column[WORD] = {};
  uint8_t above[WORD];
  int32_t feature = -1;
  for (const Bit &bit : program.bits) {
    if (bit.feature != feature)
      for (int64_t s = 0; s < samples; ++s) column[s] = codes[s * program.features + bit.feature];
    feature = bit.feature;
    for (int s = 0; s < WORD; ++s) above[s] = column[s] > (Code)bit.threshold;
    slots[bit.slot * (size_t)WORDS + word] = bytes_above(above, 0);
  }
  return wrong;
}

// Raw values become codes 64 samples at a time, so that these stay in the cache: bytes where they fit.
template <class Code, class Value>
bool encode_values(const Program &program, const Value *values, int64_t samples, uint64_t *slots,
                   int word) {
  Code *codes = code_memory<Code>(program, WORD);
  if (quantize(program, values, samples, codes)) return true;
  return program.narrow ? encode_bytes(program, codes, samples, slots, word)
                        : encode_wide(program, codes, samples, slots, word);
}

// Codes, or raw values where they are floats; true where one is out of range, or not finite.
template <class Code>
bool encode_block(const Program &program, const Code *codes, int64_t samples, Vector *slots) {
  bool wrong = false;
  for (int word = 0; word * WORD < samples; ++word) {
    const Code *part = codes + word * WORD * program.features;
    const int64_t count = samples - word * WORD < WORD ? samples - word * WORD : WORD;
    if constexpr (std::is_floating_point_v<Code>)
      wrong |= program.is_bytes ? encode_values<uint8_t>(program, part, count, (uint64_t *)slots, word)
                                : encode_values<int32_t>(program, part, count, (uint64_t *)slots, word);
    else if (program.narrow) wrong |= encode_bytes(program, part, count, (uint64_t *)slots, word);
    else wrong |= encode_wide(program, part, count, (uint64_t *)slots, word);
  }
  return wrong;
}

// One sample, one byte a slot, of which bit 0 counts.
template <class Code> bool encode_one(const Program &program, const Code *codes, uint8_t *slots) {
  if (program.narrow && !program.biased) {
    for (int64_t c = 0; c * CHUNK < program.features; ++c) {
      const ByteBit *end = program.byte_bits.data() + program.chunk[c + 1];
#pragma GCC unroll 4
      for (const ByteBit *bit = program.byte_bits.data() + program.chunk[c]; bit < end; ++bit)
        slots[bit->slot] = (uint8_t)codes[c * CHUNK + bit->column / WORD] > bit->threshold;
    }
    return leaves_range(program, codes);
  }
  for (const Bit &bit : program.bits) slots[bit.slot] = (int64_t)codes[bit.feature] > bit.threshold;
  return leaves_range(program, codes);
}

template <class Value> bool encode_one_of_values(const Program &program, const Value *values, uint8_t *slots) {
  int32_t *codes = code_memory<int32_t>(program, 1);
  return quantize(program, values, 1, codes) || encode_one(program, codes, slots);
}

} // namespace lgn
