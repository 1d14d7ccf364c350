// bfloat16 on the CPU: the upper half of a float.
#pragma once
#include "cuda_runtime.h"

struct __nv_bfloat16 {
  uint16_t bits;
};
// To nearest, to even on a tie; NaN is 0x7FFF, as on a device.
inline __nv_bfloat16 __float2bfloat16_rn(float x) {
  uint32_t bits = emu::from_word<uint32_t>(emu::to_word(x));
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return {0x7FFF};
  return {(uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16)};
}
inline float __bfloat162float(__nv_bfloat16 x) {
  return emu::from_word<float>((uint64_t)x.bits << 16);
}

struct __nv_bfloat162 {
  __nv_bfloat16 x, y;
};
inline __nv_bfloat162 __floats2bfloat162_rn(float x, float y) {
  return {__float2bfloat16_rn(x), __float2bfloat16_rn(y)};
}
