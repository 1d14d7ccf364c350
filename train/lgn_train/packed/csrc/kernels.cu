// The CUDA kernels of the packed engine: the functions of kernels.cpp, with the same results for
// the same bits, on a stream of a device. Floats are never added with atomics: every sum is added
// in one order.
#include <type_traits>

#include "cuda/backward.cuh"
#include "cuda/forward.cuh"
#include "cuda/soft.cuh"
#include "cuda/tables.cuh"

namespace {

// The device is the present one while this lives, and then the one before it again.
struct OnDevice {
  int before = 0, device;
  explicit OnDevice(int device) : device(device) {
    cudaGetDevice(&before);
    if (before != device) cudaSetDevice(device);
  }
  ~OnDevice() {
    if (before != device) cudaSetDevice(before);
  }
};

} // namespace

// Each returns CUDA's error of the launch, 0 for none. A launch without work is none.
extern "C" {

const char *lgn_error(int error) { return cudaGetErrorString((cudaError_t)error); }

int lgn_choose_tables(const TableOptions *options, const float *logits, float *soft,
                      float *shares, uint64_t *bits, cudaStream_t stream, int device) {
  OnDevice guard(device);
  const TableOptions &o = *options;
  if (!o.nodes) return 0;
  with_tables(o, [&](auto count, auto parametrization) {
    choose_tables<count, parametrization><<<table_blocks(o), THREADS, 0, stream>>>(
        o, logits, soft, shares, bits);
  });
  return cudaGetLastError();
}

int lgn_table_gradients(const TableOptions *options, const float *shares, const float *soft,
                        const float *d_table, float *d_logits, cudaStream_t stream, int device) {
  OnDevice guard(device);
  const TableOptions &o = *options;
  if (!o.nodes) return 0;
  with_tables(o, [&](auto count, auto parametrization) {
    table_gradients<count, parametrization><<<table_blocks(o), THREADS, 0, stream>>>(
        o, shares, soft, d_table, d_logits);
  });
  return cudaGetLastError();
}

int lgn_forward(const Stage *stages, int64_t count, const uint64_t *x, int64_t words,
                cudaStream_t stream, int device) {
  OnDevice guard(device);
  for (int64_t l = 0; l < count && words; ++l) {
    const Stage &s = stages[l];
    const uint64_t *from = l ? stages[l - 1].out : x;
    Plan plan(s.nodes, words);
    auto rows = [&](auto fan_in) {
      forward_rows<fan_in><<<plan.grid, plan.block, 0, stream>>>(s, Divider(s.positions), from,
                                                                words);
    };
    if (s.kind == OR_POOL)
      pool_rows<<<plan.grid, plan.block, 0, stream>>>(s, from, words);
    else
      switch (s.fan_in) {
      case 1: rows(std::integral_constant<int, 1>{}); break;
      case 2: rows(std::integral_constant<int, 2>{}); break;
      case 3: rows(std::integral_constant<int, 3>{}); break;
      case 4: rows(std::integral_constant<int, 4>{}); break;
      case 5: rows(std::integral_constant<int, 5>{}); break;
      case 6: rows(std::integral_constant<int, 6>{}); break;
      }
  }
  return cudaGetLastError();
}

// workspace: twice the rows of the widest stage below the last, for the whole batch.
int lgn_backward(const Stage *stages, int64_t count, const uint64_t *x, int64_t words,
                 const float *top, int64_t group, float *d_x, void *workspace, int64_t half,
                 cudaStream_t stream, int device) {
  OnDevice guard(device);
  if (half)
    Backward<__nv_bfloat16>{stages, count, words, x, stream}.run(top, group, d_x,
                                                                (__nv_bfloat16 *)workspace);
  else
    Backward<float>{stages, count, words, x, stream}.run(top, group, d_x, (float *)workspace);
  return cudaGetLastError();
}

// In one block, of the whole batch. The workspace holds a row for each input where these are bits,
// twice the rows of the widest stage below the last, and those of the last one where votes are
// wanted.
int lgn_soft_forward(const SoftRun *run, float *votes, cudaStream_t stream, int device) {
  OnDevice guard(device);
  SoftPath(*run, stream).forward(votes);
  return cudaGetLastError();
}

int lgn_soft_backward(const SoftRun *run, const float *top, float *d_x, cudaStream_t stream,
                      int device) {
  OnDevice guard(device);
  SoftPath(*run, stream).backward(top, d_x);
  return cudaGetLastError();
}

int lgn_count(const uint64_t *rows, int64_t nodes, int64_t words, int64_t group, int32_t *counts,
              cudaStream_t stream, int device) {
  OnDevice guard(device);
  if (!words || !nodes) return 0;
  int64_t groups = nodes / group;
  cudaMemsetAsync(counts, 0, groups * words * 64 * sizeof(int32_t), stream);
  dim3 grid((unsigned)(groups * blocks(group, COUNTED)), (unsigned)(words < 65535 ? words : 65535));
  count_rows<<<grid, dim3(64, SLICES), 0, stream>>>(rows, words, group, counts);
  return cudaGetLastError();
}

int lgn_encode(const void *codes, int64_t bytes, const int32_t *feature, const int32_t *threshold,
               int64_t count, int64_t words, uint64_t *bits, cudaStream_t stream, int device) {
  OnDevice guard(device);
  if (!words || !count) return 0;
  dim3 block(WARP, THREADS / WARP);
  dim3 grid(blocks(count, block.y), (unsigned)(words < 65535 ? words : 65535));
  if (bytes == 1)
    encode_rows<<<grid, block, 0, stream>>>((const uint8_t *)codes, feature, threshold, count,
                                            words, bits);
  else
    encode_rows<<<grid, block, 0, stream>>>((const int32_t *)codes, feature, threshold, count,
                                            words, bits);
  return cudaGetLastError();
}

} // extern "C"
