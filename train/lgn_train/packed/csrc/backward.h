// Stages backward: rows of gradients gathered from their readers, tables summed in passing.
//
// Over 300 lines: gathering and summing share blocks, indices and slopes, and are fused in one pass
// over a row.
#pragma once
#include "rows.h"

namespace {

// Where the gradients of a stage's outputs are read: row node / group, `stride` numbers apart.
template <class G> struct Upstream {
  const G *rows;
  int64_t stride, group;
  const G *row(int64_t node) const { return rows + (group == 1 ? node : node / group) * stride; }
};

// A block of samples, N vectors of 16: the words from `word` on, of rows of `words`.
struct Block {
  int64_t word, words;
};

template <int N>
inline void copy_words(const uint64_t *x, int64_t input, const Block &b, uint64_t *words) {
  for (int w = 0; w < N / 4; ++w) words[w] = input >= 0 ? x[input * b.words + b.word + w] : 0;
}

// The table whose differences are the slopes of a node: the soft one, or where gradients are hard
// the bits that were read forward, written into `scratch` as 0.0 and 1.0.
inline const float *slopes_of(const Stage &s, int64_t node, float *scratch) {
  int64_t index = s.positions == 1 ? node : node / s.positions;
  if (s.slopes) return s.slopes + (index << s.fan_in);
  for (int j = 0; j < 1 << s.fan_in; ++j) scratch[j] = (float)(s.tables[index] >> j & 1);
  return scratch;
}

// Add to a block's row what reaches an input through one pin of a two-input node.
template <int N, class G>
void gather_pair(const Stage &s, const uint64_t *x, const Block &b, int32_t reader, const G *g,
                 Floats *row) {
  int64_t node = reader >> 3;
  int pin = reader & 7;
  float scratch[4];
  const float *t = slopes_of(s, node, scratch);
  // By how much the output changes with this pin where the other one is 0, and where it is 1.
  float low = pin ? t[2] - t[0] : t[1] - t[0];
  float high = pin ? t[3] - t[1] : t[3] - t[2];
  uint64_t other[N / 4];
  copy_words<N>(x, s.wiring[2 * node + 1 - pin], b, other);
  Floats yes = splat(high), no = splat(low);
  for (int v = 0; v < N; ++v)
    row[v] = row[v] + load(g + LANES * v) * select(lanes_of(other, v), yes, no);
}

// The index of each of a block's samples into a table, one byte per sample: pin q of the node is bit
// q, but for pins above `skipped`, which move down by one.
template <int N, int FAN_IN>
inline void index_block(const Stage &s, const uint64_t *x, const Block &b, int64_t node,
                        int skipped, uint8_t *index) {
  Octets found[N / 4] = {};
  int bit = 1;
  for (int q = 0; q < FAN_IN; ++q) {
    if (q == skipped) continue;
    uint64_t words[N / 4];
    copy_words<N>(x, s.wiring[FAN_IN * node + q], b, words);
    for (int w = 0; w < N / 4; ++w) found[w] = or_where(words[w], found[w], (uint8_t)bit);
    bit *= 2;
  }
  memcpy(index, found, sizeof found);
}

// The slopes of a table along one pin, by the index of the other pins.
template <int FAN_IN, int PIN> inline void slopes_along(const float *t, float *slope) {
  constexpr int BELOW = 1 << PIN; // entries that differ in lower pins only
  for (int high = 0; high < 1 << (FAN_IN - 1 - PIN); ++high)
    for (int low = 0; low < BELOW; ++low)
      slope[high * BELOW + low] =
          t[(2 * high + 1) * BELOW + low] - t[2 * high * BELOW + low];
}

template <int FAN_IN, int PIN = 0>
inline void slopes_along(const float *t, int pin, float *slope) {
  if constexpr (PIN < FAN_IN) {
    if (pin == PIN) return slopes_along<FAN_IN, PIN>(t, slope);
    slopes_along<FAN_IN, PIN + 1>(t, pin, slope);
  }
}

// The same for a node of more inputs, by looking the slope up at the other inputs' index.
template <int N, int FAN_IN, class G>
void gather_wide(const Stage &s, const uint64_t *x, const Block &b, int32_t reader, const G *g,
                 Floats *row) {
  int64_t node = reader >> 3;
  int pin = reader & 7;
  alignas(64) float scratch[MAX_ENTRIES], slope[MAX_ENTRIES / 2];
  slopes_along<FAN_IN>(slopes_of(s, node, scratch), pin, slope);
  alignas(64) uint8_t index[LANES * N];
  index_block<N, FAN_IN>(s, x, b, node, pin, index);
  for (int v = 0; v < N; ++v)
    row[v] = row[v] + load(g + LANES * v) * look_up<FAN_IN - 1>(slope, widen(index + LANES * v));
}

// An OR pool passes the gradient to its first input that is 1, and to input 0 where none is.
template <int N, class G>
void gather_pool(const Stage &s, const uint64_t *x, const Block &b, int32_t reader, const G *g,
                 Floats *row) {
  int64_t node = reader >> 3;
  int pin = reader & 7;
  uint64_t before[N / 4] = {}, own[N / 4] = {}, taken[N / 4];
  for (int q = 0; q < s.fan_in; ++q) {
    uint64_t words[N / 4];
    copy_words<N>(x, s.wiring[s.fan_in * node + q], b, words);
    for (int w = 0; w < N / 4; ++w) {
      if (q < pin) before[w] |= words[w];
      if (q == pin) own[w] = words[w];
      if (q > pin && pin == 0) before[w] |= words[w]; // the others of input 0
    }
  }
  for (int w = 0; w < N / 4; ++w)
    taken[w] = pin == 0 ? own[w] | ~before[w] : own[w] & ~before[w];
  for (int v = 0; v < N; ++v)
    row[v] = add_where(lanes_of(taken, v), row[v], load(g + LANES * v));
}

// Ask for the rows of a later input's readers: they lie anywhere, and would be waited for.
template <int N, class G>
inline void prefetch(const Stage &s, const Upstream<G> &up, int64_t input) {
  if (input >= s.inputs) return;
  for (int32_t at = s.starts[input]; at < s.starts[input + 1]; ++at) {
    const char *row = (const char *)up.row(s.readers[at] >> 3);
    for (size_t line = 0; line < N * LANES * sizeof(G); line += 64) __builtin_prefetch(row + line);
  }
}

// The gradient of one input: what its readers pass to it.
template <int N, class G>
void gather(const Stage &s, const uint64_t *x, const Block &b, const Upstream<G> &up,
            int64_t input, Floats *row) {
  for (int v = 0; v < N; ++v) row[v] = Floats{};
  for (int32_t at = s.starts[input]; at < s.starts[input + 1]; ++at) {
    int32_t reader = s.readers[at];
    const G *g = up.row(reader >> 3);
    if (s.kind == OR_POOL) {
      gather_pool<N>(s, x, b, reader, g, row);
      continue;
    }
    // A constant arity for the compiler; what no case names does not occur (checked in Python).
    switch (s.fan_in) {
    case 1: gather_wide<N, 1>(s, x, b, reader, g, row); break;
    case 2: gather_pair<N>(s, x, b, reader, g, row); break;
    case 3: gather_wide<N, 3>(s, x, b, reader, g, row); break;
    case 4: gather_wide<N, 4>(s, x, b, reader, g, row); break;
    case 5: gather_wide<N, 5>(s, x, b, reader, g, row); break;
    case 6: gather_wide<N, 6>(s, x, b, reader, g, row); break;
    }
  }
}

// Add a node's share of a block to the gradient of its table: the sums of its row by index.
template <int N>
void sum_pair(const Stage &s, const uint64_t *x, const Block &b, int64_t node, const Floats *row,
              float *sums) {
  uint64_t first[N / 4], second[N / 4];
  copy_words<N>(x, s.wiring[2 * node], b, first);
  copy_words<N>(x, s.wiring[2 * node + 1], b, second);
  Floats all = {}, a = {}, c = {}, both = {};
  for (int v = 0; v < N; ++v) {
    uint16_t m = lanes_of(first, v), n = lanes_of(second, v);
    all = all + row[v];
    a = add_where(m, a, row[v]);
    c = add_where(n, c, row[v]);
    both = add_where(m & n, both, row[v]);
  }
  Quarter q = add_lanes(all, a, c, both);
  // From the sums over all samples, over those where pin 0, pin 1, and both are 1, follow those of
  // the four entries: inclusion and exclusion. Four masked sums, and no look-up per sample.
  sums[0] += q[0] - q[1] - (q[2] - q[3]);
  sums[1] += q[1] - q[3];
  sums[2] += q[2] - q[3];
  sums[3] += q[3];
}

template <int N, int FAN_IN>
void sum_wide(const Stage &s, const uint64_t *x, const Block &b, int64_t node, const Floats *row,
              float *sums) {
  constexpr int WAYS = 4; // independent sums, so that one addition need not wait for the last
  alignas(64) float bins[WAYS][MAX_ENTRIES];
  constexpr int entries = 1 << FAN_IN;
  for (int way = 0; way < WAYS; ++way) std::fill(bins[way], bins[way] + entries, 0.0f);
  alignas(64) uint8_t where[LANES * N];
  alignas(64) float value[LANES * N];
  index_block<N, FAN_IN>(s, x, b, node, -1, where);
  memcpy(value, row, sizeof value);
  // One sample at a time: two samples of a vector may meet in one bin, which vectors cannot add.
  for (int i = 0; i < LANES * N; ++i) bins[i % WAYS][where[i]] += value[i];
  for (int j = 0; j < entries; ++j)
    sums[j] += (bins[0][j] + bins[1][j]) + (bins[2][j] + bins[3][j]);
}

// Add to the gradient of each pin's choice: for each candidate, the sum of the row times the slope
// along the pin, over the samples in which the candidate is 1.
template <int N, int FAN_IN>
void sum_candidates(const Stage &s, const uint64_t *x, const Block &b, int64_t node,
                    const Floats *row) {
  alignas(64) float scratch[MAX_ENTRIES], slope[MAX_ENTRIES / 2];
  const float *t = slopes_of(s, node, scratch);
  for (int pin = 0; pin < FAN_IN; ++pin) {
    alignas(64) uint8_t index[LANES * N];
    slopes_along<FAN_IN>(t, pin, slope);
    index_block<N, FAN_IN>(s, x, b, node, pin, index);
    Floats along[N];
    for (int v = 0; v < N; ++v)
      along[v] = row[v] * look_up<FAN_IN - 1>(slope, widen(index + LANES * v));
    const int32_t *wires = s.candidates + (node * FAN_IN + pin) * CANDIDATES;
    float *sums = s.picks + (node * FAN_IN + pin) * CANDIDATES;
    for (int first = 0; first < CANDIDATES; first += 4) {
      Floats found[4] = {};
      for (int c = 0; c < 4; ++c) {
        uint64_t words[N / 4];
        copy_words<N>(x, wires[first + c], b, words);
        for (int v = 0; v < N; ++v) found[c] = add_where(lanes_of(words, v), found[c], along[v]);
      }
      Quarter four = add_lanes(found[0], found[1], found[2], found[3]);
      for (int c = 0; c < 4; ++c) sums[first + c] += four[c];
    }
  }
}

template <int N>
void add_candidates(const Stage &s, const uint64_t *x, const Block &b, int64_t node,
                    const Floats *row) {
  switch (s.fan_in) {
  case 1: return sum_candidates<N, 1>(s, x, b, node, row);
  case 2: return sum_candidates<N, 2>(s, x, b, node, row);
  case 3: return sum_candidates<N, 3>(s, x, b, node, row);
  case 4: return sum_candidates<N, 4>(s, x, b, node, row);
  case 5: return sum_candidates<N, 5>(s, x, b, node, row);
  case 6: return sum_candidates<N, 6>(s, x, b, node, row);
  }
}

template <int N>
void add_sums(const Stage &s, const uint64_t *x, const Block &b, int64_t node, const Floats *row) {
  if (s.kind == OR_POOL) return;
  if (s.candidates) add_candidates<N>(s, x, b, node, row);
  float *sums = s.sums + (node << s.fan_in);
  switch (s.fan_in) {
  case 1: return sum_wide<N, 1>(s, x, b, node, row, sums);
  case 2: return sum_pair<N>(s, x, b, node, row, sums);
  case 3: return sum_wide<N, 3>(s, x, b, node, row, sums);
  case 4: return sum_wide<N, 4>(s, x, b, node, row, sums);
  case 5: return sum_wide<N, 5>(s, x, b, node, row, sums);
  case 6: return sum_wide<N, 6>(s, x, b, node, row, sums);
  }
}

// One run of stages backward. bits[l] is what stage l reads.
template <class G> struct Backward {
  const Stage *stages;
  int64_t count, words;
  std::vector<const uint64_t *> bits;
  int threads;

  // The last stage: its rows are given, one for each group of its nodes.
  template <int N> void start(const Upstream<float> &top, const Block &b) {
    const Stage &s = stages[count - 1];
    for_rows(s.nodes, 20.0 * s.fan_in, threads, [&](int64_t first, int64_t last) {
      for (int64_t node = first; node < last; ++node) {
        Floats row[N];
        const float *from = top.row(node);
        for (int v = 0; v < N; ++v) row[v] = load(from + LANES * v);
        add_sums<N>(s, bits[count - 1], b, node, row);
      }
    });
  }

  // Rows of stage l's inputs; they are the outputs of stage l - 1, whose sums grow in passing.
  // From, To: bfloat16 or float. up: the gradients of stage l's outputs. rows: where those of its
  // inputs go, or null where nobody reads them.
  template <int N, class From, class To>
  void step(int64_t l, const Upstream<From> &up, const Block &b, To *rows, int64_t stride) {
    const Stage &s = stages[l];
    for_rows(s.inputs, 40.0 * s.fan_in, threads, [&](int64_t first, int64_t last) {
      for (int64_t input = first; input < last; ++input) {
        prefetch<N>(s, up, input + AHEAD);
        Floats row[N];
        gather<N>(s, bits[l], b, up, input, row);
        if (l) add_sums<N>(stages[l - 1], bits[l - 1], b, input, row);
        if (rows)
          for (int v = 0; v < N; ++v) store(rows + input * stride + LANES * v, row[v]);
      }
    });
  }
};

// From the last stage to the first, for one block.
template <int N, class G>
void block_backward(Backward<G> &run, const Upstream<float> &top, const Block &b, G *const *buffers,
                    float *d_x) {
  int64_t last = run.count - 1;
  run.template start<N>(top, b);
  // Two buffers in turn: stage l reads what stage l + 1 wrote. Stage 0 is only gone through where
  // the input's gradient is wanted.
  for (int64_t l = last; l >= (d_x ? 0 : 1); --l) {
    Upstream<G> up{buffers[(l + 1) % 2], BLOCK, 1};
    G *rows = l > 1 || d_x ? buffers[l % 2] : nullptr; // nobody reads those of stage 0's outputs
    if (l == last && !l)
      run.template step<N>(l, top, b, d_x, 64 * run.words);
    else if (l == last)
      run.template step<N>(l, top, b, rows, BLOCK);
    else if (!l)
      run.template step<N>(l, up, b, d_x, 64 * run.words);
    else
      run.template step<N>(l, up, b, rows, BLOCK);
  }
}

template <class G>
void run_backward(const Stage *stages, int64_t count, const uint64_t *x, int64_t words,
                  const float *top, int64_t group, float *d_x, G *rows, int threads) {
  Backward<G> run{stages, count, words, {x}, threads};
  int64_t widest = 0;
  for (int64_t l = 0; l < count; ++l) {
    const Stage &s = stages[l];
    if (l + 1 < count) run.bits.push_back(s.out), widest = std::max(widest, s.nodes);
    if (s.sums) std::fill(s.sums, s.sums + (s.nodes << s.fan_in), 0.0f);
    if (s.picks) std::fill(s.picks, s.picks + s.nodes * s.fan_in * CANDIDATES, 0.0f);
  }
  G *const buffers[2] = {rows, rows + widest * BLOCK};
  for (int64_t word = 0; word < words; word += BLOCK_WORDS) {
    Block b{word, words};
    Upstream<float> block_top{top + 64 * word, 64 * words, group};
    float *block_d_x = d_x ? d_x + 64 * word : nullptr;
    if (words - word >= BLOCK_WORDS)
      block_backward<VECTORS>(run, block_top, b, buffers, block_d_x);
    else
      block_backward<VECTORS / 2>(run, block_top, b, buffers, block_d_x);
  }
}

} // namespace
