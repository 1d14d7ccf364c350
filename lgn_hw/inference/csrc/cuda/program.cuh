// A program as a GPU holds it, and the samples that it is run on.
#pragma once
#include <cuda_runtime.h>
#include <stdint.h>

#include "../program.h"

namespace lgn {

constexpr int WARP = 32;
constexpr unsigned ALL = ~0u;      // lanes of a warp
constexpr int THREADS = 512;       // of a block
constexpr int WORD_SAMPLES = 64;   // of a word
constexpr int MAX_SHIFT = 3;       // of a block: its samples are 1 << shift words
constexpr int TILE_FEATURES = 32;  // that are read at a time
constexpr int PART = 63;           // votes that are counted together at most
constexpr int PART_PLANES = 6;     // bits of such a count

// Votes of one class, given with 1 or, where invert is all ones, with 0.
struct VotePart {
  uint32_t first, last; // places in votes
  uint64_t invert;
};

struct DeviceProgram {
  int32_t features, classes, levels, parts;
  uint32_t slots;            // of values; PART_PLANES more for each part follow
  bool bounded;              // some byte is out of range
  const int64_t *low, *high; // [features]
  const Bit *bits;           // in ascending order of feature
  const uint32_t *tiles;     // first bit of each TILE_FEATURES features, and the end
  const uint4 *gates;        // the slots read, and the slot written with the function in its top byte
  const uint32_t *ends;      // [levels], gates before the end of each
  const uint32_t *votes;     // slots
  const VotePart *of;        // [parts], by class
  const int32_t *first_part; // [classes + 1]
  const int32_t *constant;   // [classes]
};

template <class Code> struct Samples {
  const Code *codes; // [count, features]
  int64_t count;
  int32_t *scores; // [count, classes]
  int32_t *chosen; // [count]
  unsigned long long *wrong; // the lowest index of a code that is out of range
};

// What a block works in: a word of 64 samples of slot s is values[s * words + word].
struct Scratch {
  uint64_t *values;
  int words, shift;          // 1 << shift
  int64_t sample; // the first one
};

} // namespace lgn
