// CUDA on the CPU, for tests: the part of the language and of the runtime that the kernels use.
//
// A launch runs its blocks one after another. The threads of a block are fibers, and those of a
// warp meet at its collectives. rewrite.py turns <<<...>>> and __shared__ into calls of this file.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <functional>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
typedef dim3 uint3;
typedef struct CUstream_st *cudaStream_t;
enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInvalidDevice = 101,
  cudaErrorMisalignedAddress = 716,
  cudaErrorLaunchFailure = 719
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };
enum cudaDeviceAttr {
  cudaDevAttrMultiProcessorCount = 16,
  cudaDevAttrMaxSharedMemoryPerBlockOptin = 97
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
enum cudaMemoryType { cudaMemoryTypeUnregistered = 0, cudaMemoryTypeDevice = 2 };
struct cudaPointerAttributes {
  cudaMemoryType type;
  int device;
};

namespace emu {

constexpr int WARP = 32;

struct Config {
  dim3 grid, block;
  size_t shared;
  cudaStream_t stream;
  Config(dim3 grid, dim3 block, size_t shared = 0, cudaStream_t stream = nullptr)
      : grid(grid), block(block), shared(shared), stream(stream) {}
};
struct Place {
  const char *file, *kernel;
  int line;
};
enum Kind { SHUFFLE, BALLOT, SYNC_WARP, SYNC_BLOCK };

struct Thread { // what a kernel sees of itself
  dim3 thread, block_index, block_size, grid_size;
  unsigned lane;
};
extern Thread *now;

void run(const Place &place, const Config &config, const std::function<void()> &thread);
void *shared_array(size_t bytes, int line);
void *shared_dynamic();
// What a lane gets: of a shuffle the value of lane `source`, of a ballot the mask of set values.
uint64_t meet(Kind kind, unsigned mask, uint64_t value, int source, int line);
// A vector moves at once, and must be aligned.
void vector_copy(void *to, const void *from, size_t bytes);

template <class F, class... A>
void launch(const Place &place, const Config &config, const F &kernel, A... arguments) {
  // Arguments by value, as CUDA passes them. Reading them is not traced.
  run(place, config, [&]() __attribute__((no_sanitize("thread"))) { kernel(arguments...); });
}

template <class T> uint64_t to_word(T x) {
  static_assert(sizeof(T) <= 8);
  uint64_t word = 0;
  memcpy(&word, &x, sizeof x);
  return word;
}
template <class T> T from_word(uint64_t word) {
  T x;
  memcpy(&x, &word, sizeof x);
  return x;
}
template <class T> T shuffle(unsigned mask, T value, int source, int line) {
  return from_word<T>(meet(SHUFFLE, mask, to_word(value), source, line));
}
inline int segment(int width) { return (int)now->lane & ~(width - 1); } // first lane of a part

} // namespace emu

#define threadIdx (::emu::now->thread)
#define blockIdx (::emu::now->block_index)
#define blockDim (::emu::now->block_size)
#define gridDim (::emu::now->grid_size)
#define warpSize 32
#define EMU_NAME(KERNEL) EMU_TEXT(KERNEL)
#define EMU_TEXT(KERNEL) #KERNEL

#define EMU_VECTOR(NAME, TYPE, COUNT, ALIGN, ...)                                                  \
  struct alignas(ALIGN) NAME {                                                                     \
    TYPE __VA_ARGS__;                                                                              \
    NAME() = default;                                                                              \
    NAME(const NAME &o) { emu::vector_copy(this, &o, sizeof o); }                                  \
    NAME &operator=(const NAME &o) {                                                               \
      emu::vector_copy(this, &o, sizeof o);                                                        \
      return *this;                                                                                \
    }                                                                                              \
  };
EMU_VECTOR(float2, float, 2, 8, x, y)
EMU_VECTOR(float4, float, 4, 16, x, y, z, w)
EMU_VECTOR(uint2, unsigned, 2, 8, x, y)
EMU_VECTOR(uint4, unsigned, 4, 16, x, y, z, w)
EMU_VECTOR(int2, int, 2, 8, x, y)
EMU_VECTOR(int4, int, 4, 16, x, y, z, w)
inline float2 make_float2(float x, float y) {
  float2 v;
  v.x = x, v.y = y;
  return v;
}
inline float4 make_float4(float x, float y, float z, float w) {
  float4 v;
  v.x = x, v.y = y, v.z = z, v.w = w;
  return v;
}
inline uint2 make_uint2(unsigned x, unsigned y) {
  uint2 v;
  v.x = x, v.y = y;
  return v;
}
inline int2 make_int2(int x, int y) {
  int2 v;
  v.x = x, v.y = y;
  return v;
}

template <class T>
T __shfl_sync(unsigned mask, T x, int lane, int width = 32, int line = __builtin_LINE()) {
  return emu::shuffle(mask, x, emu::segment(width) + (lane & (width - 1)), line);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T x, int bits, int width = 32, int line = __builtin_LINE()) {
  int source = (int)emu::now->lane ^ bits;
  bool inside = source < emu::segment(width) + width;
  return emu::shuffle(mask, x, inside ? source : (int)emu::now->lane, line);
}
template <class T>
T __shfl_down_sync(unsigned mask, T x, int by, int width = 32, int line = __builtin_LINE()) {
  int source = (int)emu::now->lane + by;
  bool inside = source < emu::segment(width) + width;
  return emu::shuffle(mask, x, inside ? source : (int)emu::now->lane, line);
}
template <class T>
T __shfl_up_sync(unsigned mask, T x, int by, int width = 32, int line = __builtin_LINE()) {
  int source = (int)emu::now->lane - by;
  return emu::shuffle(mask, x, source >= emu::segment(width) ? source : emu::now->lane, line);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
  return (unsigned)emu::meet(emu::BALLOT, mask, predicate != 0, 0, line);
}
inline int __any_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
  return __ballot_sync(mask, predicate, line) != 0;
}
inline int __all_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
  return __ballot_sync(mask, predicate, line) == mask;
}
inline void __syncwarp(unsigned mask = ~0u, int line = __builtin_LINE()) {
  emu::meet(emu::SYNC_WARP, mask, 0, 0, line);
}
inline void __syncthreads(int line = __builtin_LINE()) {
  emu::meet(emu::SYNC_BLOCK, ~0u, 0, 0, line);
}
template <class T> T __ldg(const T *from) { return *from; }
inline unsigned __umulhi(unsigned a, unsigned b) {
  return (unsigned)((unsigned long long)a * b >> 32);
}
// In order with other atomics wherever they are, so that it is not traced.
__attribute__((no_sanitize("thread"))) inline int atomicAdd(int *to, int x) {
  int before = *to;
  *to = before + x;
  return before;
}
__attribute__((no_sanitize("thread"))) inline unsigned long long atomicMin(unsigned long long *to,
                                                                           unsigned long long x) {
  unsigned long long before = *to;
  if (x < before) *to = x;
  return before;
}

extern "C" {
cudaError_t cudaGetLastError();
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaMalloc(void **to, size_t bytes);
cudaError_t cudaFree(void *from);
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device);
cudaError_t cudaFuncSetAttribute(const void *kernel, cudaFuncAttribute attribute, int value);
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes *to, const void *pointer);
cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream);
const char *cudaGetErrorString(cudaError_t error);
}
