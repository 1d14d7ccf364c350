// A classifier as a flat program: comparisons into slots, runs of like gates, votes by class.
#pragma once
#include <cstdint>
#include <vector>

namespace lgn {

// Instructions that compute the same function, one after another in the code: of two inputs, a, b
// and the slot written; of three, a, b, c and the slot.
struct Run {
  uint16_t function; // a table of two inputs, or THREE + a table of three
  uint32_t count;
};
constexpr int THREE = 16, FUNCTIONS = THREE + 256;

struct Bit {
  int32_t feature;
  uint32_t slot;
  int64_t threshold;
};

// A bit whose feature is a byte: the threshold counts from the feature's lowest code.
struct ByteBit {
  uint32_t slot;
  uint16_t column; // of its chunk, in bytes
  uint8_t threshold;
};

// The ranges of features in the width of the codes that are compared with them.
template <class Unsigned> struct Ranges {
  std::vector<Unsigned> low, span; // span: highest minus lowest code

  void add(int64_t lowest, int64_t highest) {
    low.push_back((Unsigned)lowest), span.push_back((Unsigned)((uint64_t)highest - (uint64_t)lowest));
  }
};

// How raw values become codes; plain where they are codes already but for fractions.
struct Scaling {
  std::vector<double> offset, scale, low, high; // [features]
  bool plain = true;
};

struct Program {
  int64_t features = 0;
  Ranges<uint8_t> bytes;
  Ranges<uint32_t> words;
  Ranges<uint64_t> longs;
  Scaling scaling;
  bool narrow = true;             // every range has at most 256 codes: they are compared as bytes
  bool biased = false;            // some low is not 0
  bool is_bytes = true;           // every code fits a byte as it is
  bool bounded = false;           // some byte is out of range
  std::vector<Bit> bits;          // in ascending order of feature
  std::vector<ByteBit> byte_bits; // the same, where ranges are narrow
  std::vector<int64_t> chunk;     // chunks + 1, the first bit of each chunk of features
  std::vector<Run> runs;
  std::vector<uint32_t> code;
  std::vector<uint32_t> levels;   // instructions before the end of each level
  uint32_t slots = 0;
  int64_t instructions = 0;
  int64_t classes = 0;
  int planes = 0;                 // bits of the largest score
  std::vector<uint32_t> votes;    // slots, by class: those that vote with 1, then those with 0
  std::vector<int64_t> first, inverted; // classes + 1 and classes, places in votes
  std::vector<int32_t> constant;  // classes, votes that are always given
  std::vector<uint32_t> output;   // each output as 2 * (1 + slot) + complement, or 0 and 1
};

} // namespace lgn
