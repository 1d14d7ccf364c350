// The CUDA kernels of the packed engine: the functions of kernels.cpp, with the same results for
// the same bits, on a stream. No atomics: every sum is added in one order. One file, over the usual
// length, since nvcc compiles it alone.
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <stdint.h>
#include <type_traits>

#include "math.h"
#include "stage.h"

using namespace lgn;

namespace {

constexpr int WARP = 32, WARPS = 4;        // of a block, one row of gradients a warp
constexpr int STEP = 4;                    // samples of a lane
constexpr int TILE = WARP * STEP;          // samples of a warp at a time
constexpr int THREADS = 256;

inline unsigned blocks(int64_t work, int64_t each) { return (unsigned)((work + each - 1) / each); }

// ---- tables -------------------------------------------------------------------------------------

// COUNT logits a node, so that they stay in registers.
template <int COUNT, int PARAMETRIZATION>
__global__ void choose_tables(TableOptions o, const float *logits, float *soft, float *shares,
                              uint64_t *bits) {
  int64_t node = blockIdx.x * (int64_t)blockDim.x + threadIdx.x;
  if (node >= o.nodes) return;
  float scores[COUNT];
  for (int i = 0; i < COUNT; ++i) scores[i] = logits[node * COUNT + i];
  if (PARAMETRIZATION == WALSH) walsh_hadamard(scores, COUNT);
  if (o.noisy)
    add_noise<float, uint32_t>(scores, COUNT, PARAMETRIZATION == RAW,
                               (uint32_t)(node * (COUNT / 4)), (uint32_t)o.stream, o.seed, o.step);
  float scale = 1.0f / o.temperature;
  if (PARAMETRIZATION == RAW) {
    bits[node] = likeliest_gate<float, uint32_t>(scores);
    if (!soft) return;
    float table[4];
    soft_gates<float, uint32_t>(scores, table, scale);
    for (int i = 0; i < COUNT; ++i) shares[node * COUNT + i] = scores[i];
    for (int j = 0; j < 4; ++j) soft[node * 4 + j] = table[j];
  } else {
    uint64_t chosen = 0;
    for (int j = 0; j < COUNT; ++j) {
      chosen |= (uint64_t)(scores[j] > 0.0f) << j;
      if (soft) soft[node * COUNT + j] = sigmoid<float, uint32_t>(scores[j] * scale);
    }
    bits[node] = chosen;
  }
}

template <int COUNT, int PARAMETRIZATION>
__global__ void table_gradients(TableOptions o, const float *shares, const float *soft,
                                const float *d_table, float *d_logits) {
  int64_t node = blockIdx.x * (int64_t)blockDim.x + threadIdx.x;
  if (node >= o.nodes) return;
  float scale = 1.0f / o.temperature;
  float along[COUNT];
  if (PARAMETRIZATION == RAW) {
    const float *d = d_table + node * 4;
    float mean = 0;
    for (int j = 0; j < 4; ++j) mean += soft[node * 4 + j] * d[j];
    for (int i = 0; i < COUNT; ++i)
      along[i] = gate_gradient(shares[node * COUNT + i], i, d, mean, scale);
  } else {
    for (int j = 0; j < COUNT; ++j) {
      float t = soft[node * COUNT + j];
      along[j] = d_table[node * COUNT + j] * t * (1.0f - t) * scale;
    }
    if (PARAMETRIZATION == WALSH) walsh_hadamard(along, COUNT);
  }
  for (int i = 0; i < COUNT; ++i) d_logits[node * COUNT + i] = along[i];
}

// ---- forward ------------------------------------------------------------------------------------

__device__ uint64_t all_where(uint64_t table, int entry) { return 0 - (table >> entry & 1); }

// A thread a word: neighbouring threads read neighbouring words of the same rows.
template <int FAN_IN>
__global__ void forward_rows(Stage s, const uint64_t *x, int64_t words) {
  int64_t at = blockIdx.x * (int64_t)blockDim.x + threadIdx.x;
  if (at >= s.nodes * words) return;
  int64_t node = at / words, word = at % words;
  uint64_t table = s.tables[s.positions == 1 ? node : node / s.positions];
  uint64_t pins[FAN_IN];
  for (int pin = 0; pin < FAN_IN; ++pin) {
    int32_t wire = s.wiring[node * FAN_IN + pin];
    pins[pin] = wire < 0 ? 0 : x[wire * words + word];
  }
  uint64_t entries[1 << (FAN_IN - 1)];
  for (int j = 0; j < 1 << (FAN_IN - 1); ++j) {
    uint64_t low = all_where(table, 2 * j), high = all_where(table, 2 * j + 1);
    entries[j] = low ^ ((low ^ high) & pins[0]);
  }
  for (int pin = 1; pin < FAN_IN; ++pin)
    for (int j = 0; j < 1 << (FAN_IN - 1 - pin); ++j)
      entries[j] = entries[2 * j] ^ ((entries[2 * j] ^ entries[2 * j + 1]) & pins[pin]);
  s.out[at] = entries[0];
}

__global__ void pool_rows(Stage s, const uint64_t *x, int64_t words) {
  int64_t at = blockIdx.x * (int64_t)blockDim.x + threadIdx.x;
  if (at >= s.nodes * words) return;
  int64_t node = at / words, word = at % words;
  uint64_t any = 0;
  for (int pin = 0; pin < s.fan_in; ++pin) {
    int32_t wire = s.wiring[node * s.fan_in + pin];
    if (wire >= 0) any |= x[wire * words + word];
  }
  s.out[at] = any;
}

// ---- backward -----------------------------------------------------------------------------------

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
__device__ void store(__nv_bfloat16 *to, const Four &x) {
  for (int i = 0; i < STEP; ++i) to[i] = __float2bfloat16_rn(x.of[i]);
}

// The bits of a lane's four samples, the first of them `sample`, of an input's row.
__device__ uint32_t nibble(const uint64_t *x, int32_t input, int64_t words, int64_t sample) {
  return input < 0 ? 0u : (uint32_t)(x[input * words + sample / 64] >> (sample % 64)) & 15u;
}

template <class G> struct Upstream {
  const G *rows;
  int64_t stride, group;
  __device__ const G *row(int64_t node) const {
    return rows + (group == 1 ? node : node / group) * stride;
  }
};

__device__ float slope_of(const Stage &s, int64_t index, int entry) {
  return s.slopes ? s.slopes[(index << s.fan_in) + entry]
                  : (float)(s.tables[index] >> entry & 1);
}

// Add to a row what reaches an input through one pin of a two-input node.
__device__ void gather_pair(const Stage &s, const uint64_t *x, int64_t words, int64_t sample,
                            int64_t node, int pin, const Four &g, Four &row) {
  int64_t index = s.positions == 1 ? node : node / s.positions;
  float t[4];
  for (int j = 0; j < 4; ++j) t[j] = slope_of(s, index, j);
  float low = pin ? t[2] - t[0] : t[1] - t[0];
  float high = pin ? t[3] - t[1] : t[3] - t[2];
  uint32_t other = nibble(x, s.wiring[2 * node + 1 - pin], words, sample);
  for (int i = 0; i < STEP; ++i) row.of[i] += g.of[i] * (other >> i & 1 ? high : low);
}

// The same for a node of any inputs.
__device__ void gather_table(const Stage &s, const uint64_t *x, int64_t words, int64_t sample,
                             int64_t node, int pin, const Four &g, Four &row) {
  int64_t index = s.positions == 1 ? node : node / s.positions;
  int entry[STEP] = {};
  for (int q = 0; q < s.fan_in; ++q) {
    if (q == pin) continue;
    uint32_t bits = nibble(x, s.wiring[s.fan_in * node + q], words, sample);
    for (int i = 0; i < STEP; ++i) entry[i] |= (int)(bits >> i & 1) << q;
  }
  for (int i = 0; i < STEP; ++i)
    row.of[i] += g.of[i] * (slope_of(s, index, entry[i] | 1 << pin) - slope_of(s, index, entry[i]));
}

// An OR pool passes the gradient to its first input that is 1, and to input 0 where none is.
__device__ void gather_pool(const Stage &s, const uint64_t *x, int64_t words, int64_t sample,
                            int64_t node, int pin, const Four &g, Four &row) {
  uint32_t before = 0, own = 0;
  for (int q = 0; q < s.fan_in; ++q) {
    uint32_t bits = nibble(x, s.wiring[s.fan_in * node + q], words, sample);
    if (q == pin) own = bits;
    if (q < pin || (q > pin && pin == 0)) before |= bits;
  }
  uint32_t taken = pin == 0 ? own | ~before : own & ~before;
  for (int i = 0; i < STEP; ++i)
    if (taken >> i & 1) row.of[i] += g.of[i];
}

template <class From>
__device__ Four gather(const Stage &s, const uint64_t *x, int64_t words, int64_t sample,
                       const Upstream<From> &up, int64_t input) {
  Four row = {};
  for (int32_t at = s.starts[input]; at < s.starts[input + 1]; ++at) {
    int32_t reader = s.readers[at];
    int64_t node = reader >> 3;
    Four g = load(up.row(node) + sample);
    if (s.kind == OR_POOL)
      gather_pool(s, x, words, sample, node, reader & 7, g, row);
    else if (s.fan_in == 2)
      gather_pair(s, x, words, sample, node, reader & 7, g, row);
    else
      gather_table(s, x, words, sample, node, reader & 7, g, row);
  }
  return row;
}

// The sums of a node's row by the index of its inputs, one bin a lane and entry: in registers
// where they are few, else in shared memory.
template <int FAN_IN> struct Sums {
  static constexpr int ENTRIES = 1 << FAN_IN;
  static constexpr bool FEW = FAN_IN <= 3;
  static constexpr size_t SHARED = FEW ? 0 : WARPS * WARP * ENTRIES * sizeof(float);
  float own[FEW ? ENTRIES : 1];
  float *bins; // [ENTRIES][WARP] of this warp

  __device__ Sums(float *shared, int warp) : own(), bins(shared + warp * WARP * ENTRIES) {
    if (!FEW)
      for (int j = 0; j < ENTRIES; ++j) bins[j * WARP + threadIdx.x % WARP] = 0;
  }
  __device__ void add(const Stage &s, const uint64_t *x, int64_t words, int64_t sample,
                      int64_t node, const Four &row) {
    int entry[STEP] = {};
    for (int pin = 0; pin < FAN_IN; ++pin) {
      uint32_t bits = nibble(x, s.wiring[FAN_IN * node + pin], words, sample);
      for (int i = 0; i < STEP; ++i) entry[i] |= (int)(bits >> i & 1) << pin;
    }
    for (int i = 0; i < STEP; ++i)
      if constexpr (FEW)
        for (int j = 0; j < ENTRIES; ++j) own[j] += entry[i] == j ? row.of[i] : 0.0f;
      else
        bins[entry[i] * WARP + threadIdx.x % WARP] += row.of[i];
  }
  __device__ void finish(const Stage &s, int64_t node) {
    int lane = threadIdx.x % WARP;
    for (int j = 0; j < ENTRIES; ++j) {
      float sum = FEW ? own[FEW ? j : 0] : bins[j * WARP + lane];
      for (int half = WARP / 2; half; half /= 2) sum += __shfl_xor_sync(~0u, sum, half);
      if (!lane) s.sums[(node << FAN_IN) + j] = sum;
    }
  }
};

// A warp a row: rows of stage `s`'s inputs, which are the outputs of stage `below` (FAN_IN inputs;
// 0 where there is none, or an OR pool), whose sums are added in passing.
template <int FAN_IN, class From, class To>
__global__ void gather_rows(Stage s, const uint64_t *x, Stage below, const uint64_t *below_x,
                            int64_t words, Upstream<From> up, To *rows) {
  extern __shared__ float shared[];
  int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  int64_t input = blockIdx.x * (int64_t)WARPS + warp;
  if (input >= s.inputs) return;
  Sums<FAN_IN> sums(shared, warp);
  for (int64_t sample = lane * STEP; sample < 64 * words; sample += TILE) {
    Four row = gather(s, x, words, sample, up, input);
    if (rows) store(rows + input * 64 * words + sample, row);
    if (FAN_IN) sums.add(below, below_x, words, sample, input, row);
  }
  if (FAN_IN) sums.finish(below, input);
}

// The last stage's sums: its rows are given, one for each group.
template <int FAN_IN>
__global__ void sum_rows(Stage s, const uint64_t *x, int64_t words, Upstream<float> top) {
  extern __shared__ float shared[];
  int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  int64_t node = blockIdx.x * (int64_t)WARPS + warp;
  if (node >= s.nodes) return;
  Sums<FAN_IN> sums(shared, warp);
  for (int64_t sample = lane * STEP; sample < 64 * words; sample += TILE)
    sums.add(s, x, words, sample, node, load(top.row(node) + sample));
  sums.finish(s, node);
}

// Call f with the fan-in of a stage of tables as a constant, and with 0 for none.
template <class F> void with_fan_in(const Stage *s, const F &f) {
  switch (s && s->kind == TABLES ? s->fan_in : 0) {
  case 0: return f(std::integral_constant<int, 0>{});
  case 1: return f(std::integral_constant<int, 1>{});
  case 2: return f(std::integral_constant<int, 2>{});
  case 3: return f(std::integral_constant<int, 3>{});
  case 4: return f(std::integral_constant<int, 4>{});
  case 5: return f(std::integral_constant<int, 5>{});
  case 6: return f(std::integral_constant<int, 6>{});
  }
}

template <class G> struct Backward {
  const Stage *stages;
  int64_t count, words;
  const uint64_t *x;
  cudaStream_t stream;

  const uint64_t *bits(int64_t l) const { return l ? stages[l - 1].out : x; }

  void start(const Upstream<float> &top) {
    const Stage &s = stages[count - 1];
    with_fan_in(&s, [&](auto fan_in) {
      if constexpr (fan_in > 0)
        sum_rows<fan_in><<<blocks(s.nodes, WARPS), WARP * WARPS,
                           Sums<fan_in>::SHARED, stream>>>(
            s, bits(count - 1), words, top);
    });
  }

  template <class From, class To> void step(int64_t l, const Upstream<From> &up, To *rows) {
    const Stage &s = stages[l], &below = stages[l ? l - 1 : 0];
    with_fan_in(l ? &below : nullptr, [&](auto fan_in) {
      gather_rows<fan_in><<<blocks(s.inputs, WARPS), WARP * WARPS,
                            Sums<fan_in>::SHARED, stream>>>(
          s, bits(l), below, bits(l ? l - 1 : 0), words, up, rows);
    });
  }

  void run(const float *given, int64_t group, float *d_x, G *rows) {
    int64_t last = count - 1, widest = 0;
    for (int64_t l = 0; l < last; ++l) widest = stages[l].nodes > widest ? stages[l].nodes : widest;
    G *const room[2] = {rows, rows + widest * 64 * words};
    Upstream<float> top{given, 64 * words, group};
    start(top);
    for (int64_t l = last; l >= (d_x ? 0 : 1); --l) {
      Upstream<G> up{room[(l + 1) % 2], 64 * words, 1};
      G *to = l > 1 || d_x ? room[l % 2] : nullptr; // nobody reads those of stage 0's outputs
      if (l == last && !l)
        step(l, top, d_x);
      else if (l == last)
        step(l, top, to);
      else if (!l)
        step(l, up, d_x);
      else
        step(l, up, to);
    }
  }
};

// ---- votes and codes ----------------------------------------------------------------------------

constexpr int SLICES = 16; // of a group's rows, added side by side

// A block a group and word: thread (slice, sample) counts a slice of the rows.
__global__ void count_rows(const uint64_t *rows, int64_t words, int64_t group, int32_t *counts) {
  __shared__ int32_t parts[SLICES][64];
  int sample = threadIdx.x % 64, slice = threadIdx.x / 64;
  int64_t g = blockIdx.x / words, word = blockIdx.x % words;
  int32_t sum = 0;
  for (int64_t row = slice; row < group; row += SLICES)
    sum += (int32_t)(rows[(g * group + row) * words + word] >> sample & 1);
  parts[slice][sample] = sum;
  __syncthreads();
  if (slice) return;
  for (int other = 1; other < SLICES; ++other) sum += parts[other][sample];
  counts[(g * words + word) * 64 + sample] = sum;
}

// A warp a word.
template <class Code>
__global__ void encode_rows(const Code *codes, const int32_t *feature, const int32_t *threshold,
                            int64_t count, int64_t words, uint64_t *bits) {
  int64_t at = (blockIdx.x * (int64_t)blockDim.x + threadIdx.x) / WARP;
  if (at >= count * words) return;
  int lane = threadIdx.x % WARP;
  int64_t bit = at / words, word = at % words;
  const Code *row = codes + feature[bit] * words * 64 + 64 * word;
  uint64_t low = __ballot_sync(~0u, (int32_t)row[lane] > threshold[bit]);
  uint64_t high = __ballot_sync(~0u, (int32_t)row[lane + WARP] > threshold[bit]);
  if (!lane) bits[at] = low | high << 32;
}

// Launch a kernel of tables for each parametrisation and number of logits.
#define FOR_TABLES(KERNEL, O, STREAM, ...)                                                         \
  do {                                                                                             \
    unsigned grid = blocks((O).nodes, THREADS);                                                    \
    if ((O).parametrization == RAW)                                                                \
      KERNEL<16, RAW><<<grid, THREADS, 0, STREAM>>>(__VA_ARGS__);                                  \
    else if ((O).parametrization == LIGHT)                                                         \
      switch ((O).count) {                                                                         \
      case 4: KERNEL<4, LIGHT><<<grid, THREADS, 0, STREAM>>>(__VA_ARGS__); break;                  \
      case 8: KERNEL<8, LIGHT><<<grid, THREADS, 0, STREAM>>>(__VA_ARGS__); break;                  \
      case 16: KERNEL<16, LIGHT><<<grid, THREADS, 0, STREAM>>>(__VA_ARGS__); break;                \
      case 32: KERNEL<32, LIGHT><<<grid, THREADS, 0, STREAM>>>(__VA_ARGS__); break;                \
      case 64: KERNEL<64, LIGHT><<<grid, THREADS, 0, STREAM>>>(__VA_ARGS__); break;                \
      }                                                                                            \
    else                                                                                           \
      switch ((O).count) {                                                                         \
      case 4: KERNEL<4, WALSH><<<grid, THREADS, 0, STREAM>>>(__VA_ARGS__); break;                  \
      case 8: KERNEL<8, WALSH><<<grid, THREADS, 0, STREAM>>>(__VA_ARGS__); break;                  \
      case 16: KERNEL<16, WALSH><<<grid, THREADS, 0, STREAM>>>(__VA_ARGS__); break;                \
      case 32: KERNEL<32, WALSH><<<grid, THREADS, 0, STREAM>>>(__VA_ARGS__); break;                \
      case 64: KERNEL<64, WALSH><<<grid, THREADS, 0, STREAM>>>(__VA_ARGS__); break;                \
      }                                                                                            \
  } while (0)

} // namespace

// Each returns CUDA's error of the launch, 0 for none. A launch without work is none.
extern "C" {

int lgn_choose_tables(const TableOptions *options, const float *logits, float *soft,
                      float *shares, uint64_t *bits, cudaStream_t stream) {
  if (!options->nodes) return 0;
  FOR_TABLES(choose_tables, *options, stream, *options, logits, soft, shares, bits);
  return cudaGetLastError();
}

int lgn_table_gradients(const TableOptions *options, const float *shares, const float *soft,
                        const float *d_table, float *d_logits, cudaStream_t stream) {
  if (!options->nodes) return 0;
  FOR_TABLES(table_gradients, *options, stream, *options, shares, soft, d_table, d_logits);
  return cudaGetLastError();
}

int lgn_forward(const Stage *stages, int64_t count, const uint64_t *x, int64_t words,
                cudaStream_t stream) {
  for (int64_t l = 0; l < count && words; ++l) {
    const Stage &s = stages[l];
    const uint64_t *from = l ? stages[l - 1].out : x;
    unsigned grid = blocks(s.nodes * words, THREADS);
    if (s.kind == OR_POOL)
      pool_rows<<<grid, THREADS, 0, stream>>>(s, from, words);
    else
      with_fan_in(&s, [&](auto fan_in) {
        if constexpr (fan_in > 0)
          forward_rows<fan_in><<<grid, THREADS, 0, stream>>>(s, from, words);
      });
  }
  return cudaGetLastError();
}

int lgn_backward(const Stage *stages, int64_t count, const uint64_t *x, int64_t words,
                 const float *top, int64_t group, float *d_x, void *room, int64_t half,
                 cudaStream_t stream) {
  if (half)
    Backward<__nv_bfloat16>{stages, count, words, x, stream}.run(top, group, d_x,
                                                                (__nv_bfloat16 *)room);
  else
    Backward<float>{stages, count, words, x, stream}.run(top, group, d_x, (float *)room);
  return cudaGetLastError();
}

int lgn_count(const uint64_t *rows, int64_t nodes, int64_t words, int64_t group, int32_t *counts,
              cudaStream_t stream) {
  if (!words || !nodes) return 0;
  count_rows<<<(unsigned)(nodes / group * words), 64 * SLICES, 0, stream>>>(rows, words, group,
                                                                           counts);
  return cudaGetLastError();
}

int lgn_encode(const void *codes, int64_t bytes, const int32_t *feature, const int32_t *threshold,
               int64_t count, int64_t words, uint64_t *bits, cudaStream_t stream) {
  if (!words || !count) return 0;
  unsigned grid = blocks(count * words * WARP, THREADS);
  if (bytes == 1)
    encode_rows<<<grid, THREADS, 0, stream>>>((const uint8_t *)codes, feature, threshold, count,
                                              words, bits);
  else
    encode_rows<<<grid, THREADS, 0, stream>>>((const int32_t *)codes, feature, threshold, count,
                                              words, bits);
  return cudaGetLastError();
}

} // extern "C"
