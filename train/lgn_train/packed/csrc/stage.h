// What the kernels are given: how to choose tables, and a run of stages, from rows of bits to rows
// of bits, or from rows of bits or numbers to rows of numbers.
//
// A row of bits is one net for the whole batch, `words` words of 64 samples each; sample s is bit
// s % 64 of word s / 64. Rows of gradients hold 64 * words numbers; those past the batch are 0.
//
// Numbers of a soft run lie in blocks of samples, [blocks][rows][block], the last one filled up
// with samples whose gradients are 0. C++ takes SOFT_BLOCK samples a block and CUDA all of them.
#pragma once
#include <stdint.h>

namespace lgn {

// How to choose the tables of a step. bindings.py has the same fields in the same order.
struct TableOptions {
  int64_t parametrization; // of math.h
  int64_t count, entries;  // logits a node, entries a table
  int64_t nodes;
  int64_t stream; // of the noise
  const uint64_t *seed, *step; // read where the kernel runs, so that nobody waits for a device
  int64_t noisy;
  float temperature;
};

// A vector of AVX-512, or two of AVX2; soft_ops.py has the same number.
constexpr int SOFT_BLOCK = 16;

constexpr int CANDIDATES = 16; // of a pin: as many as there are gates, chosen by the same kernel

// What a stage's nodes are: truth tables, or ORs over the windows of a pool.
enum Kind { TABLES = 0, OR_POOL = 1 };

// Nodes that read the rows of the stage before. Addresses that a kernel does not need are null.
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
  // Of a soft run, in which `slopes` are the tables that are read both ways, `picks` has `slots`
  // such parts, and `sums` is [slots][nodes / positions][1 << fan_in]; see SoftRun.
  float *values; // [blocks][nodes][block]: the outputs, or null where only the next stage reads them
};

// A batch on its way through soft stages.
struct SoftRun {
  const Stage *stages;
  int64_t count;
  const uint64_t *bits; // [inputs, words]: what the first stage reads, or null
  int64_t words;
  const float *x; // [blocks][inputs][block]: what it reads where bits is null
  int64_t blocks;
  int64_t group; // neighbouring outputs of the last stage that are added up to a vote; or 1
  int64_t slots; // Blocks are dealt out to slots, neighbours together, and each sums on its own;
                 // the sums of all are then added to those of the first.
  float *workspace;       // [threads][workspace_rows][block]
  int64_t workspace_rows; // the first stage's inputs, and twice the nodes of the widest stage but
                          // the last
};

// A convolution on packed words, with the OR pool behind it; only C++ has it, see conv.h. Images
// are rows of bits by channel, row and column, outputs by kernel, row and column.
struct Conv {
  int64_t channels, rows, columns; // of the image
  int64_t kernels, fan_in, depth;  // fan_in ** depth leaves a kernel
  int64_t size, stride, padding;   // of the window
  int64_t pool;                    // of a window of positions, or 1
  const int32_t *leaves;           // [kernels, leaves]: (channel * size + row) * size + column
  const int32_t *candidates;       // [kernels, leaves, CANDIDATES]: what each leaf was chosen from,
                                   // -1 for none; or null
  const uint64_t *tables;          // by level, kernel and node
  const float *slopes;             // [tables, 1 << fan_in], or null: the bits themselves
};

} // namespace lgn
