// The interpreter: a block takes its samples through comparisons, gates level by level, and counts.
#pragma once
#include "encode.cuh"

namespace lgn {

// A function of two or three words as a polynomial over bits: coefficient i is bit i, of the
// product of the inputs whose bit is set in i. Any function takes the same few operations, so that
// lanes with different ones stay together.
__device__ uint64_t coefficient(uint32_t function, int i) { return 0 - (uint64_t)(function >> i & 1); }
__device__ uint64_t of_two(uint32_t function, uint64_t a, uint64_t b) {
  return coefficient(function, 0) ^ (a & coefficient(function, 1)) ^ (b & coefficient(function, 2)) ^
         (a & b & coefficient(function, 3));
}

__device__ void run_level(const DeviceProgram &program, const Scratch &scratch, uint32_t first, uint32_t end) {
  const uint64_t work = (uint64_t)(end - first) << scratch.shift;
  for (uint64_t i = threadIdx.x; i < work; i += THREADS) {
    const uint4 gate = program.gates[first + (i >> scratch.shift)];
    const uint32_t function = gate.w >> 24, word = i & (scratch.words - 1);
    auto at = [&](uint32_t slot) -> uint64_t & { return scratch.values[((size_t)slot << scratch.shift) + word]; };
    const uint64_t a = at(gate.x), b = at(gate.y);
    uint64_t value = of_two(function, a, b);
    if (function >> 4) value ^= at(gate.z) & of_two(function >> 4, a, b);
    at(gate.w & 0xFFFFFF) = value;
  }
}

// Count up to 63 votes of 64 samples in vertical counters, into the slots behind the values.
__device__ void count_parts(const DeviceProgram &program, const Scratch &scratch) {
  for (int i = threadIdx.x; i < program.parts * scratch.words; i += THREADS) {
    const int number = i >> scratch.shift, word = i & (scratch.words - 1);
    const VotePart part = program.of[number];
    uint64_t planes[PART_PLANES] = {};
    for (uint32_t vote = part.first; vote < part.last; ++vote) {
      uint64_t carry = scratch.values[(size_t)program.votes[vote] * scratch.words + word] ^ part.invert;
#pragma unroll
      for (int p = 0; p < PART_PLANES; ++p) {
        const uint64_t both = planes[p] & carry;
        planes[p] ^= carry;
        carry = both;
      }
    }
    uint64_t *to = scratch.values + (program.slots + (size_t)number * PART_PLANES) * scratch.words + word;
#pragma unroll
    for (int p = 0; p < PART_PLANES; ++p) to[p * scratch.words] = planes[p];
  }
}

__device__ int32_t score_of(const DeviceProgram &program, const Scratch &scratch, int c, int sample) {
  int32_t score = program.constant[c];
  for (int part = program.first_part[c]; part < program.first_part[c + 1]; ++part) {
    const uint64_t *planes = scratch.values + (program.slots + (size_t)part * PART_PLANES) * scratch.words;
#pragma unroll
    for (int p = 0; p < PART_PLANES; ++p)
      score += (int32_t)(planes[p * scratch.words + sample / WORD_SAMPLES] >> sample % WORD_SAMPLES & 1) << p;
  }
  return score;
}

// A thread a sample.
template <class Code>
__device__ void choose(const DeviceProgram &program, const Samples<Code> &samples, const Scratch &scratch) {
  for (int s = threadIdx.x; s < scratch.words * WORD_SAMPLES; s += THREADS) {
    const int64_t sample = scratch.sample + s;
    if (sample >= samples.count) break;
    int32_t best = 0, most = -1;
    for (int c = 0; c < program.classes; ++c) {
      const int32_t score = score_of(program, scratch, c, s);
      if (samples.scores) samples.scores[sample * program.classes + c] = score;
      if (score > most) most = score, best = c;
    }
    if (samples.chosen) samples.chosen[sample] = best;
  }
}

// values: of all blocks, or null where they lie in shared memory behind the tile.
template <class Code, class Load>
__global__ void __launch_bounds__(THREADS, 1)
    run_program(DeviceProgram program, Samples<Code> samples, int shift, uint64_t *values) {
  const int words = 1 << shift;
  extern __shared__ uint64_t shared[];
  Code *tile = (Code *)shared;
  const size_t slots = program.slots + (size_t)program.parts * PART_PLANES;
  uint64_t *own = values ? values + blockIdx.x * slots * words
                         : shared + ROW<Code> * sizeof(Code) * WORD_SAMPLES / sizeof(uint64_t) * words;
  const int64_t each = words * WORD_SAMPLES;
  for (int64_t start = blockIdx.x * each; start < samples.count; start += gridDim.x * each) {
    const Scratch scratch = {own, words, shift, start};
    encode<Code, Load>(program, samples, scratch, tile);
    for (int level = 0; level < program.levels; ++level) {
      run_level(program, scratch, level ? program.ends[level - 1] : 0, program.ends[level]);
      __syncthreads();
    }
    count_parts(program, scratch);
    __syncthreads();
    choose(program, samples, scratch);
    __syncthreads();
  }
}

} // namespace lgn
