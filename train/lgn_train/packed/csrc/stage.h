// What the kernels are given: how to choose tables, and a run of stages, from rows of bits to rows
// of bits.
//
// A row is one net for the whole batch, `words` words of 64 samples each; sample s is bit s % 64 of
// word s / 64. Rows of gradients hold 64 * words numbers; those past the batch are 0.
#pragma once
#include <stdint.h>

namespace lgn {

struct TableOptions {
  int64_t parametrization; // of math.h
  int64_t count, entries;  // logits a node, entries a table
  int64_t nodes;
  int64_t stream; // of the noise
  const uint64_t *seed, *step; // read where the kernel runs, so that nobody waits for a device
  int64_t noisy;
  float temperature;
};

constexpr int CANDIDATES = 16; // of a pin: as many as there are gates, chosen by the same kernel

enum Kind { TABLES = 0, OR_POOL = 1 };

struct Stage {
  int64_t kind;
  int64_t nodes;
  int64_t inputs;
  int64_t fan_in;
  int64_t positions;      // neighbouring nodes that share a table
  const int32_t *wiring;  // [nodes, fan_in]: the input of each pin, or -1 for constant 0
  const int32_t *starts;  // [inputs + 1]: where each input's readers start
  const int32_t *readers; // [pins]: node << 3 | pin
  const int32_t *edges;   // [pins, 4], or null: what CUDA's kernels read in place of the readers
                          // of two inputs each, none of them -1: a reader's pin, its node's
                          // other input, its table, and its row of gradients
  const uint64_t *tables; // [nodes / positions]: the bits that are read forward
  const float *slopes;    // [nodes / positions, 1 << fan_in], or null: the bits themselves
  uint64_t *out;          // [nodes, words]
  const int32_t *candidates; // [nodes, fan_in, CANDIDATES]: what each pin chose from, or null;
                             // -1 for none
  float *picks;              // [nodes, fan_in, CANDIDATES]: the gradient of the choice
  float *sums;            // [nodes, 1 << fan_in]: each node's share of its table's gradient
};

} // namespace lgn
