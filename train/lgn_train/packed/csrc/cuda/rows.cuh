// What the CUDA kernels share: warps, rows of bits and of gradients, and sums over a warp.
#pragma once
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <stdint.h>

#include "../math.h"
#include "../stage.h"

using namespace lgn;

namespace {

constexpr int WARP = 32;
constexpr int MAX_FAN_IN = 6; // of a table
constexpr unsigned ALL = ~0u;         // lanes of a warp
constexpr int LANES = 16, ROWS = 8;   // of a row, and rows of a block that works on rows
constexpr int STEP = 4;               // neighbouring samples of a lane
constexpr int TILE = LANES * STEP;    // samples of a row at a time: rows are multiples of it
constexpr int THREADS = 256;          // of a block that works on numbers

// What lanes a row has: half of a warp. Each half goes its own way, and meets itself only.
__device__ unsigned row_mask() { return 0xFFFFu << (threadIdx.x & LANES); }
__device__ uint32_t row_number() { return blockIdx.x * ROWS + threadIdx.x / LANES; }
__device__ int lane_number() { return threadIdx.x % LANES; }
__device__ uint32_t first_sample() { return lane_number() * STEP; }

inline unsigned blocks(int64_t work, int64_t each) { return (unsigned)((work + each - 1) / each); }

// Division by a constant of numbers below 2**31, as a multiplication (Granlund and Montgomery,
// PLDI 1994).
struct Divider {
  uint32_t factor = 0; // 0: by one
  int32_t shift = 0;

  explicit Divider(int64_t by) {
    if (by == 1) return;
    // The factor is ceil(2**(32 + shift) / by), with 2**shift < by <= 2**(shift + 1): its error is
    // too small to reach the quotient of a number below 2**31.
    while ((int64_t)2 << shift < by) ++shift;
    factor = (uint32_t)((((uint64_t)1 << (32 + shift)) + by - 1) / by);
  }
  __device__ uint32_t operator()(uint32_t x) const {
    return factor ? __umulhi(x, factor) >> shift : x;
  }
};

// The same value, which the compiler keeps in a register: it would rather derive a lane's pointers
// anew at each use, and convert slopes for each sample.
template <class T> __device__ T *kept(T *pointer) {
#ifdef __CUDA_ARCH__
  asm("" : "+l"(pointer));
#endif
  return pointer;
}
__device__ float kept(float x) {
#ifdef __CUDA_ARCH__
  asm("" : "+f"(x));
#endif
  return x;
}

// A lane's four samples of a row.
struct Four {
  float of[STEP];
};
__device__ Four load(const float *from) {
  float4 x = __ldg((const float4 *)from);
  return {{x.x, x.y, x.z, x.w}};
}
__device__ Four load(const __nv_bfloat16 *from) {
  uint2 x = __ldg((const uint2 *)from);
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

// Rows of bits, read in words of 32 samples.
struct Bits {
  const uint64_t *x;
  uint32_t stride; // of a row, in bytes
  Bits(const uint64_t *x, int64_t words) : x(x), stride((uint32_t)(8 * words)) {}
};

// What a lane reads of rows of bits: the four samples from `sample` on, and those TILE later for
// each `tile`. One multiplication and addition finds a row, and tiles are constants beside it.
struct LaneBits {
  const char *x;
  uint32_t stride;
  int shift;

  __device__ LaneBits(const Bits &bits, uint32_t sample)
      : x(kept((const char *)bits.x + sample / 32 * 4)), stride(bits.stride), shift(sample % 32) {}
  // The bits of an input that is none of the constants, and above them those of other samples.
  __device__ uint32_t some(int32_t input, int tile) const {
    const char *row = x + (uint64_t)(uint32_t)input * stride;
    return __ldg((const uint32_t *)(row + tile * (TILE / 8))) >> shift;
  }
  // The four bits of an input; all 0 for -1.
  __device__ uint32_t nibble(int32_t input, int tile = 0) const {
    return input < 0 ? 0 : some(input, tile) & 15u;
  }
};

// Four bits as bytes of 0 and 1.
__device__ uint32_t spread(uint32_t nibble) { return nibble * 0x00204081u & 0x01010101u; }

// Rows of gradients of a stage's outputs, one for each `group` neighbouring ones.
template <class G> struct Upstream {
  const G *rows;
  uint32_t stride; // of a row, in bytes
  Divider group;
  Upstream(const G *rows, uint32_t samples, int64_t group)
      : rows(rows), stride(samples * (uint32_t)sizeof(G)), group(group) {}
};

// What a lane reads of them, as of LaneBits.
template <class G> struct LaneRows {
  const char *rows;
  uint32_t stride;
  Divider group;

  __device__ LaneRows(const Upstream<G> &up, uint32_t sample)
      : rows(kept((const char *)(up.rows + sample))), stride(up.stride), group(up.group) {}
  __device__ const G *at(int32_t row) const {
    return (const G *)(rows + (uint64_t)(uint32_t)row * stride);
  }
  __device__ const G *row(int32_t node) const { return at((int32_t)group((uint32_t)node)); }
};

// One step of add_up: half of the values go to the lane whose number differs in BIT, as many come.
template <int HALF, int BIT> __device__ void exchange(float *value) {
  bool upper = threadIdx.x & BIT;
  // One value is left: all lanes add theirs pair by pair.
  if constexpr (HALF == 0)
    value[0] += __shfl_xor_sync(row_mask(), value[0], BIT);
  else
#pragma unroll
    for (int i = 0; i < HALF; ++i) {
      float low = value[i], high = value[i + HALF];
      value[i] = (upper ? high : low) + __shfl_xor_sync(row_mask(), upper ? low : high, BIT);
    }
  if constexpr (BIT > 1) exchange<HALF / 2, BIT / 2>(value);
}

// Add N values over the lanes of a row; lane l gets the sum of value l / (LANES / N). It takes N - 1
// and a few shuffles in place of 4 N.
template <int N> __device__ float add_up(float (&value)[N]) {
  exchange<N / 2, LANES / 2>(value);
  return value[0];
}

} // namespace
