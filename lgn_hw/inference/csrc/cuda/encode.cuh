// Codes to bits: features of a block's samples come into shared memory and meet their thresholds.
#pragma once
#include "program.cuh"

namespace lgn {

// Of a sample's codes in shared memory: lanes that read one feature of 32 samples use 32 banks.
template <class Code> constexpr int ROW = TILE_FEATURES + (sizeof(Code) == 1 ? 4 : 1);

template <class Code, class Load>
__device__ void check_codes(const DeviceProgram &program, Load load, int feature, int64_t index,
                            unsigned long long *wrong) {
#pragma unroll 1
  for (int e = 0; e < (int)(sizeof(Load) / sizeof(Code)); ++e) {
    const Code code = (Code)(load >> 8 * e); // shifted where it holds several bytes only
    if (code < program.low[feature + e] || code > program.high[feature + e])
      atomicMin(wrong, (unsigned long long)(index + e));
  }
}

// Read TILE_FEATURES features of the block's samples, a Load of them at a time.
template <class Code, class Load>
__device__ void load_tile(const DeviceProgram &program, const Samples<Code> &samples, const Scratch &scratch,
                          int start, Code *tile) {
  constexpr int EACH = sizeof(Load) / sizeof(Code), LOADS = TILE_FEATURES / EACH;
  const bool checked = sizeof(Code) > 1 || program.bounded;
  for (int i = threadIdx.x; i < scratch.words * WORD_SAMPLES * LOADS; i += THREADS) {
    const int row = i / LOADS, at = i % LOADS * EACH, feature = start + at;
    const int64_t sample = scratch.sample + row, index = sample * program.features + feature;
    Load load = 0;
    if (sample < samples.count && feature < program.features) {
      load = *(const Load *)(samples.codes + index);
      if (checked) check_codes<Code>(program, load, feature, index, samples.wrong);
    }
    *(Load *)(tile + row * ROW<Code> + at) = load;
  }
}

// A warp a bit; lane h keeps the bits of half h of the words.
template <class Code>
__device__ void compare_tile(const DeviceProgram &program, const Scratch &scratch, int start, const Code *tile) {
  const int lane = threadIdx.x % WARP, first = start / TILE_FEATURES;
  for (uint32_t b = program.tiles[first] + threadIdx.x / WARP; b < program.tiles[first + 1];
       b += THREADS / WARP) {
    const Bit bit = program.bits[b];
    const Code *column = tile + bit.feature - start, threshold = (Code)bit.threshold;
    uint32_t mine = 0;
    for (int half = 0; half < 2 * scratch.words; ++half) {
      const uint32_t above = __ballot_sync(ALL, column[(half * WARP + lane) * ROW<Code>] > threshold);
      if (lane == half) mine = above;
    }
    if (lane < 2 * scratch.words)
      ((uint32_t *)(scratch.values + (size_t)bit.slot * scratch.words))[lane] = mine;
  }
}

template <class Code, class Load>
__device__ void encode(const DeviceProgram &program, const Samples<Code> &samples, const Scratch &scratch,
                       Code *tile) {
  for (int start = 0; start < program.features; start += TILE_FEATURES) {
    load_tile<Code, Load>(program, samples, scratch, start, tile);
    __syncthreads();
    compare_tile(program, scratch, start, tile);
    __syncthreads();
  }
}

} // namespace lgn
