// Boolean functions of two and three inputs as templates: bit a + 2b + 4c of the table is the value.
#pragma once
#include "vector.h"

namespace lgn {

template <int TABLE, class V> LGN_INLINE V two(V a, V b) {
  if constexpr (TABLE == 0b0000) return (V)(a ^ a);
  else if constexpr (TABLE == 0b0001) return (V)~(a | b);
  else if constexpr (TABLE == 0b0010) return (V)(a & ~b);
  else if constexpr (TABLE == 0b0011) return (V)~b;
  else if constexpr (TABLE == 0b0100) return (V)(~a & b);
  else if constexpr (TABLE == 0b0101) return (V)~a;
  else if constexpr (TABLE == 0b0110) return (V)(a ^ b);
  else if constexpr (TABLE == 0b0111) return (V)~(a & b);
  else if constexpr (TABLE == 0b1000) return (V)(a & b);
  else if constexpr (TABLE == 0b1001) return (V)~(a ^ b);
  else if constexpr (TABLE == 0b1010) return a;
  else if constexpr (TABLE == 0b1011) return (V)(a | ~b);
  else if constexpr (TABLE == 0b1100) return b;
  else if constexpr (TABLE == 0b1101) return (V)(~a | b);
  else if constexpr (TABLE == 0b1110) return (V)(a | b);
  else return (V)~(a ^ a);
}

template <int TABLE, class V> LGN_INLINE V three(V a, V b, V c) {
#if defined(__AVX512F__)
  if constexpr (sizeof(V) == sizeof(Vector))
    return (V)_mm512_ternarylogic_epi64((__m512i)c, (__m512i)b, (__m512i)a, TABLE);
#endif
  constexpr int LOW = TABLE & 15, HIGH = TABLE >> 4, CHANGE = LOW ^ HIGH;
  if constexpr (CHANGE == 0) return two<LOW>(a, b);
  else if constexpr (LOW == 0) return (V)(two<HIGH>(a, b) & c);
  else if constexpr (HIGH == 0) return (V)(two<LOW>(a, b) & ~c);
  else if constexpr (LOW == 15) return (V)(two<HIGH>(a, b) | ~c);
  else if constexpr (HIGH == 15) return (V)(two<LOW>(a, b) | c);
  else if constexpr (CHANGE == 15) return (V)(two<LOW>(a, b) ^ c);
  else return (V)(two<LOW>(a, b) ^ (two<CHANGE>(a, b) & c));
}

constexpr int SUM = 0b10010110, CARRY = 0b11101000, CHOICE = 0b11100010; // of a full adder; b ? c : a
constexpr int ABOVE = 0b10110010; // carry of a, not b, c

} // namespace lgn
