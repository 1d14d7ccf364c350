// Raw values to codes, as Features.quantize does in numpy: rint((value - offset) / scale), and what is
// beyond the range becomes its end.
#pragma once
#include <type_traits>
#include <vector>

#include "program.h"
#include "vector.h"

namespace lgn {

// A number below 2**31, plus this, is rounded to an integer, halves to even, as floats are added.
constexpr double ROUNDING = 6755399441055744.0; // 1.5 * 2**52

// Codes of one sample; true where a value is no finite number. PLAIN: of features that are integers
// already, whose division by 1 costs the most of all.
template <bool PLAIN, class Value, class Code>
LGN_INLINE bool quantize_row(const Scaling &by, const Value *values, int64_t features, Code *to) {
  const double *offset = by.offset.data(), *scale = by.scale.data();
  const double *low = by.low.data(), *high = by.high.data();
  int64_t wrong = 0;
  for (int64_t f = 0; f < features; ++f) {
    const double value = (double)values[f];
    wrong |= value - value != 0; // of NaN and infinity this is NaN
    double exact = PLAIN ? value : (value - offset[f]) / scale[f];
    exact = exact > low[f] ? exact : low[f]; // the ends are integers, so that rounding comes after
    exact = exact < high[f] ? exact : high[f];
    to[f] = (Code)(int32_t)((exact + ROUNDING) - ROUNDING);
  }
  return wrong;
}

template <class Value, class Code>
bool quantize(const Program &program, const Value *values, int64_t samples, Code *to) {
  const Scaling &by = program.scaling;
  bool wrong = false;
  for (int64_t s = 0; s < samples; ++s, values += program.features, to += program.features)
    wrong |= by.plain ? quantize_row<true>(by, values, program.features, to)
                      : quantize_row<false>(by, values, program.features, to);
  return wrong;
}

// Memory for the codes of so many samples, kept by a thread.
template <class Code> Code *code_memory(const Program &program, int64_t samples) {
  static thread_local std::vector<Code> codes;
  const size_t needed = samples * program.features;
  if (codes.size() < needed) codes.resize(needed);
  return codes.data();
}

} // namespace lgn
