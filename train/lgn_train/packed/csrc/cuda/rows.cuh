// What the CUDA kernels share: warps, rows of bits and of gradients, and sums over a warp.
#pragma once
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <stdint.h>

#include "../math.h"
#include "../stage.h"

using namespace lgn;

namespace {

constexpr int WARP = 32, WARPS = 4; // of a block that works on rows, one row a warp
constexpr int STEP = 4;             // neighbouring samples of a lane
constexpr int TILE = WARP * STEP;   // samples of a warp at a time
constexpr int THREADS = 256;        // of a block that works on numbers
constexpr unsigned ALL = ~0u;       // lanes

inline unsigned blocks(int64_t work, int64_t each) { return (unsigned)((work + each - 1) / each); }

// Division by a constant of numbers below 2**31, as a multiplication (Granlund and Montgomery,
// PLDI 1994).
struct Divider {
  uint32_t factor = 0; // 0: by one
  int32_t shift = 0;

  explicit Divider(int64_t by) {
    if (by == 1) return;
    while ((int64_t)2 << shift < by) ++shift;
    factor = (uint32_t)((((uint64_t)1 << (32 + shift)) + by - 1) / by);
  }
  __device__ uint32_t operator()(uint32_t x) const {
    return factor ? __umulhi(x, factor) >> shift : x;
  }
};

// A lane's four samples of a row.
struct Four {
  float of[STEP];
};
__device__ Four load(const float *from) {
  float4 x = *(const float4 *)from;
  return {{x.x, x.y, x.z, x.w}};
}
__device__ Four load(const __nv_bfloat16 *from) {
  uint2 x = *(const uint2 *)from;
  return {{float_of_bits(x.x << 16), float_of_bits(x.x & 0xFFFF0000u), float_of_bits(x.y << 16),
           float_of_bits(x.y & 0xFFFF0000u)}};
}
__device__ void store(float *to, const Four &x) {
  *(float4 *)to = make_float4(x.of[0], x.of[1], x.of[2], x.of[3]);
}
__device__ uint32_t pair_of(float low, float high) {
  union {
    __nv_bfloat162 pair;
    uint32_t bits;
  } both;
  both.pair = __floats2bfloat162_rn(low, high);
  return both.bits;
}
__device__ void store(__nv_bfloat16 *to, const Four &x) {
  *(uint2 *)to = make_uint2(pair_of(x.of[0], x.of[1]), pair_of(x.of[2], x.of[3]));
}

// Rows of bits, in words of 32 samples.
struct Bits {
  const uint32_t *x;
  uint32_t words;

  Bits(const uint64_t *x, int64_t words) : x((const uint32_t *)x), words((uint32_t)(2 * words)) {}

  // The bits of the four samples from `sample` on; all 0 for input -1.
  __device__ uint32_t nibble(int32_t input, uint32_t sample) const {
    if (input < 0) return 0;
    return x[(uint64_t)(uint32_t)input * words + sample / 32] >> sample % 32 & 15u;
  }
};

// Four bits as bytes of 0 and 1.
__device__ uint32_t spread(uint32_t nibble) { return nibble * 0x00204081u & 0x01010101u; }

// Rows of gradients of a stage's outputs, one for each `group` neighbouring ones.
template <class G> struct Upstream {
  const G *rows;
  uint32_t stride;
  Divider group;
  __device__ const G *row(int32_t node) const {
    return rows + (uint64_t)group((uint32_t)node) * stride;
  }
};

// One step of add_up: half of the values go to the lane whose number differs in BIT, as many come.
template <int HALF, int BIT> __device__ void exchange(float *value) {
  bool upper = threadIdx.x & BIT;
  if constexpr (HALF == 0)
    value[0] += __shfl_xor_sync(ALL, value[0], BIT);
  else
#pragma unroll
    for (int i = 0; i < HALF; ++i) {
      float low = value[i], high = value[i + HALF];
      value[i] = (upper ? high : low) + __shfl_xor_sync(ALL, upper ? low : high, BIT);
    }
  if constexpr (BIT > 1) exchange<HALF / 2, BIT / 2>(value);
}

// Add N values over the lanes of a warp; lane l gets the sum of value l / (32 / N). It takes N - 1
// and a few shuffles in place of 5 N.
template <int N> __device__ float add_up(float (&value)[N]) {
  exchange<N / 2, WARP / 2>(value);
  return value[0];
}

} // namespace
