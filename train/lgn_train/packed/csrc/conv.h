// Convolutions: a kernel's tree at all positions of an image, which lie side by side in words.
//
// A word holds one bit of 64 samples; the words of a plane's positions are neighbours here, so that
// a table is looked up for eight positions at once, and a table's gradient is summed over all of
// them in registers. An OR pool behind the kernel lets one of its window's positions through for
// each sample: the bits of that position are picked first, and the tree is gone back once for a
// window.
//
// Each word of the batch is computed on its own, and its sums are added to the others' in order:
// results do not depend on the threads.
//
// Over 300 lines: forward and backward share the tree's levels and the positions that a pool picked.
#pragma once
#include "conv_image.h"

namespace {

constexpr int CHUNK = 8;                   // windows that are gone back together
constexpr int CHUNK_SAMPLES = 64 * CHUNK;
constexpr int CHUNK_VECTORS = CHUNK_SAMPLES / LANES;

// Apart from its callers: g++ runs out of registers for all of them together.
#define LGN_APART __attribute__((noinline))

// What of a kernel is summed over all positions of a word, sixteen lanes a number.
struct ConvSums {
  std::vector<Floats> bins;  // [nodes][1 << fan_in]
  std::vector<Floats> picks; // [leaves][CANDIDATES]
};

// Add the numbers of a chunk to the bins of a node: lane by lane, by the index of its pins.
template <int FAN_IN>
LGN_APART void add_to_bins(const uint64_t *const *pins, const float *g, Floats *bins) {
  constexpr int LOW = FAN_IN < 4 ? FAN_IN : 4; // as many bins as registers hold
  constexpr int HALF = 1 << (LOW - 1);
  for (int upper = 0; upper < 1 << (FAN_IN - LOW); ++upper) {
    Floats sums[2 * HALF];
    for (int j = 0; j < 2 * HALF; ++j) sums[j] = bins[(upper << LOW) + j];
    Eight within = ~Eight{}, minterms[HALF] = {~Eight{}};
    for (int pin = LOW; pin < FAN_IN; ++pin)
      within &= upper >> (pin - LOW) & 1 ? eight(pins[pin]) : ~eight(pins[pin]);
    for (int pin = 0; pin < LOW - 1; ++pin)
      for (int j = 0; j < 1 << pin; ++j) {
        minterms[j + (1 << pin)] = minterms[j] & eight(pins[pin]);
        minterms[j] &= ~eight(pins[pin]);
      }
    Eight last = eight(pins[LOW - 1]), high = last & within, low = ~last & within;
    for (int v = 0; v < CHUNK_VECTORS; ++v) {
      Floats x = load(g + LANES * v);
      // By the last pin: each number goes to one of two sets of bins, and the minterms of the other
      // pins say to which bin of the set.
      Floats x0 = select(lanes_at(&low, v), x, Floats{});
      Floats x1 = select(lanes_at(&high, v), x, Floats{});
#pragma GCC unroll 8
      for (int j = 0; j < HALF; ++j) {
        uint16_t mask = lanes_at(minterms + j, v);
        sums[j] = add_where(mask, sums[j], x0);
        sums[j + HALF] = add_where(mask, sums[j + HALF], x1);
      }
    }
    for (int j = 0; j < 2 * HALF; ++j) bins[(upper << LOW) + j] = sums[j];
  }
}

// The numbers of a chunk times the slope of a node's table along each pin: to[pin].
template <int FAN_IN>
LGN_APART void slopes_of_pins(const uint64_t *const *pins, const float *table, const float *g,
                    float (*to)[CHUNK_SAMPLES]) {
  constexpr int READ = FAN_IN < 6 ? FAN_IN : 5; // a look-up has room for 32 entries
  alignas(64) uint8_t index[CHUNK_SAMPLES];
  for (int pin = 0; pin < FAN_IN; ++pin) {
    if (FAN_IN == 6 || pin == 0)
      for (int w = 0; w < CHUNK; ++w) {
        Octets found = {};
        for (int q = 0, bit = 1; q < FAN_IN; ++q) {
          if (FAN_IN == 6 && q == pin) continue;
          found = or_where(pins[q][w], found, (uint8_t)bit);
          bit *= 2;
        }
        memcpy(index + 64 * w, &found, sizeof found);
      }
    alignas(64) float slope[MAX_ENTRIES / 2] = {};
    for (int j = 0; j < 1 << READ; ++j) {
      // With six pins the index leaves the pin out (32 entries fit two vectors); with fewer it
      // keeps it, and one index serves all pins.
      int low = FAN_IN == 6 ? (j >> pin << (pin + 1)) | (j & ((1 << pin) - 1)) : j & ~(1 << pin);
      slope[j] = table[low | 1 << pin] - table[low];
    }
    for (int v = 0; v < CHUNK_VECTORS; ++v)
      store(to[pin] + LANES * v,
            load(g + LANES * v) * look_up<READ>(slope, widen(index + LANES * v)));
  }
}

// What one thread needs to go back through kernels, one after the other, for a word of the batch.
template <int FAN_IN> struct ConvBack {
  const Conv &c;
  const ConvShape &shape;
  ConvTree<FAN_IN> tree;
  Plane taken;                     // at each position, the samples that its window reads there
  std::vector<uint64_t> picked;    // [leaves, then nodes][windows]: bits of the position taken
  std::vector<uint64_t> offered;   // [leaves][CANDIDATES][windows]
  std::vector<float> gradients;    // [nodes][CHUNK_SAMPLES]
  alignas(64) float along[FAN_IN][CHUNK_SAMPLES];

  ConvBack(const Conv &c, const ConvShape &shape)
      : c(c), shape(shape), tree(c, shape), taken(shape.plane + BEHIND),
        picked((shape.leaves + shape.nodes) * shape.window_words + BEHIND),
        offered(c.candidates ? shape.leaves * CANDIDATES * shape.window_words + BEHIND : 0),
        gradients(shape.nodes * CHUNK_SAMPLES) {}

  // The bits of one row: leaves first, then nodes by level.
  uint64_t *bits(int64_t row) { return picked.data() + row * shape.window_words; }

  // Choose each window's position: its first 1, or its first where none is.
  LGN_APART void take(const uint64_t *out) {
    if (c.pool == 1) return;
    for (int64_t row = 0; row < shape.rows; ++row)
      for (int64_t column = 0; column < shape.columns; ++column) {
        uint64_t before = 0, *first = &taken[shape.at(row, column, 0, 0)];
        for (int64_t i = 0; i < c.pool; ++i)
          for (int64_t j = 0; j < c.pool; ++j) {
            int64_t at = shape.at(row, column, i, j);
            taken[at] = out[at] & ~before;
            before |= out[at];
          }
        // A window of zeros passes its gradient to its first position, as max_pool2d does.
        *first |= ~before;
      }
  }

  // A plane's bits at the positions that are taken, window by window.
  LGN_APART void pick(const uint64_t *plane, uint64_t *to) {
    for (int64_t row = 0; row < shape.rows; ++row, to += shape.columns) {
      const uint64_t *from = plane + shape.at(row, 0, 0, 0);
      const uint64_t *where = taken.data() + shape.at(row, 0, 0, 0);
      if (c.pool == 1)
        memcpy(to, from, shape.columns * sizeof *to);
      else if (c.pool == 2)
        pick_pairs(from, where, to);
      else
        pick_row(from, where, to);
    }
  }

  // Eight windows of 2 x 2 at a time; what is written behind the row's end is junk.
  void pick_pairs(const uint64_t *from, const uint64_t *where, uint64_t *to) {
    for (int64_t column = 0; column < shape.columns; column += EIGHT) {
      Eight found[2];
      for (int half = 0; half < 2; ++half) {
        int64_t at = 2 * column + EIGHT * half, below = at + shape.pitch;
        found[half] = (eight(from + at) & eight(where + at)) |
                      (eight(from + below) & eight(where + below));
      }
      Eight odd = __builtin_shufflevector(found[0], found[1], 1, 3, 5, 7, 9, 11, 13, 15);
      Eight both = odd | __builtin_shufflevector(found[0], found[1], 0, 2, 4, 6, 8, 10, 12, 14);
      memcpy(to + column, &both, sizeof both);
    }
  }

  void pick_row(const uint64_t *from, const uint64_t *where, uint64_t *to) {
    for (int64_t column = 0; column < shape.columns; ++column) {
      uint64_t found = 0;
      for (int64_t i = 0; i < c.pool; ++i)
        for (int64_t j = 0; j < c.pool; ++j) {
          int64_t at = i * shape.pitch + column * c.pool + j;
          found |= from[at] & where[at];
        }
      to[column] = found;
    }
  }

  // The bits of a kernel's leaves, candidates and nodes at the positions that are taken.
  void pick_bits(const ConvImage &image, int64_t kernel) {
    take(tree.evaluate(image, kernel));
    for (int64_t leaf = 0; leaf < shape.leaves; ++leaf) pick(tree.leaf(leaf), bits(leaf));
    if (c.candidates) {
      const int32_t *places = c.candidates + kernel * shape.leaves * CANDIDATES;
      for (int64_t i = 0; i < shape.leaves * CANDIDATES; ++i) {
        if (places[i] < 0) continue;
        pick(image.plane(places[i], tree.strided.data()), offered.data() + i * shape.window_words);
      }
    }
    const uint64_t *pins[FAN_IN];
    for (int64_t node = 0; node < shape.nodes; ++node) {
      for (int pin = 0; pin < FAN_IN; ++pin) pins[pin] = bits(node * FAN_IN + pin);
      look_up_words<FAN_IN>(tree.table(kernel, node), pins, bits(shape.leaves + node),
                            shape.window_words);
    }
  }

  // top: the gradient of a window's output, 64 samples, at node / group * stride.
  void read_top(const float *top, int64_t first, int64_t node, int64_t group, int64_t stride) {
    float *to = gradients.data() + (shape.nodes - 1) * CHUNK_SAMPLES;
    for (int64_t i = 0; i < CHUNK; ++i)
      if (first + i < shape.windows)
        memcpy(to + 64 * i, top + (node + first + i) / group * stride, 64 * sizeof(float));
      else
        std::fill(to + 64 * i, to + 64 * (i + 1), 0.0f);
  }

  // Go back through the tree for the chunk of windows from `first` on.
  void chunk_back(int64_t kernel, int64_t first, float *d_image, ConvSums &sums) {
    for (int64_t node = shape.nodes - 1; node >= 0; --node) {
      const uint64_t *pins[FAN_IN];
      for (int pin = 0; pin < FAN_IN; ++pin) pins[pin] = bits(node * FAN_IN + pin) + first;
      const float *g = gradients.data() + node * CHUNK_SAMPLES;
      add_to_bins<FAN_IN>(pins, g, sums.bins.data() + (node << FAN_IN));
      // Nodes of the lowest level read leaves; gradients of the leaves go to the image or to
      // choices, all others to the nodes below.
      const bool lowest = node < shape.leaves / FAN_IN;
      if (lowest && !d_image && !c.candidates) continue;
      float scratch[MAX_ENTRIES];
      slopes_of_pins<FAN_IN>(pins, tree.slopes(kernel, node, scratch), g, along);
      for (int pin = 0; pin < FAN_IN; ++pin) {
        int64_t input = node * FAN_IN + pin;
        if (!lowest) {
          memcpy(&gradients[(input - shape.leaves) * CHUNK_SAMPLES], along[pin], sizeof along[pin]);
          continue;
        }
        if (c.candidates) add_picks(kernel, input, first, along[pin], sums);
        if (d_image) scatter(kernel, input, first, along[pin], d_image);
      }
    }
  }

  LGN_APART void add_picks(int64_t kernel, int64_t leaf, int64_t first, const float *g, ConvSums &sums) {
    const int32_t *places = c.candidates + (kernel * shape.leaves + leaf) * CANDIDATES;
    for (int part = 0; part < CANDIDATES && places[part] >= 0; part += 4) {
      Floats found[4];
      const uint64_t *rows[4];
      for (int i = 0; i < 4; ++i) {
        int64_t at = leaf * CANDIDATES + part + i;
        found[i] = sums.picks[at], rows[i] = offered.data() + at * shape.window_words + first;
      }
      for (int v = 0; v < CHUNK_VECTORS; ++v) {
        Floats x = load(g + LANES * v);
        for (int i = 0; i < 4; ++i) found[i] = add_where(lanes_at(rows[i], v), found[i], x);
      }
      for (int i = 0; i < 4; ++i) sums.picks[leaf * CANDIDATES + part + i] = found[i];
    }
  }

  // Add to the image's gradient at a leaf what reaches it from each window: where it was taken.
  LGN_APART void scatter(int64_t kernel, int64_t leaf, int64_t first, const float *g, float *d_image) {
    int64_t place = c.leaves[kernel * shape.leaves + leaf];
    float *at_leaf = d_image + 64 * shape.pixel(place, 0, 0);
    int64_t last = std::min<int64_t>(first + CHUNK, shape.windows);
    int64_t row = first / shape.columns, column = first % shape.columns;
    for (int64_t window = first; window < last; ++window, g += 64) {
      Floats x[4];
      for (int v = 0; v < 4; ++v) x[v] = load(g + LANES * v);
      for (int64_t i = 0; i < c.pool; ++i) {
        int64_t down = row * c.pool + i, across = column * c.pool;
        const uint64_t *where = taken.data() + down * shape.pitch + across;
        float *to = at_leaf + 64 * c.stride * (down * shape.width + across);
        for (int64_t j = 0; j < c.pool; ++j, to += 64 * c.stride) {
          uint64_t mask = c.pool == 1 ? ~0ull : where[j];
          for (int v = 0; v < 4; ++v)
            store(to + LANES * v, add_where(lanes_at(&mask, v), load(to + LANES * v), x[v]));
        }
      }
      if (++column == shape.columns) column = 0, ++row;
    }
  }

  void kernel_back(const ConvImage &image, int64_t kernel, const float *top, int64_t group,
                   int64_t stride, float *d_image, float *to_sums, float *to_picks) {
    ConvSums sums{std::vector<Floats>(shape.nodes << FAN_IN, Floats{}),
                  std::vector<Floats>(c.candidates ? shape.leaves * CANDIDATES : 0, Floats{})};
    pick_bits(image, kernel);
    for (int64_t first = 0; first < shape.windows; first += CHUNK) {
      read_top(top, first, kernel * shape.windows, group, stride);
      chunk_back(kernel, first, d_image, sums);
    }
    for (int64_t node = 0; node < shape.nodes; ++node)
      add_all_lanes(&sums.bins[node << FAN_IN], 1 << FAN_IN,
                    to_sums + (tree.index(kernel, node) << FAN_IN));
    if (c.candidates)
      add_all_lanes(sums.picks.data(), shape.leaves * CANDIDATES,
                    to_picks + kernel * shape.leaves * CANDIDATES);
  }
};

template <int FAN_IN>
void conv_forward(const Conv &c, const uint64_t *x, int64_t words, uint64_t *out, int threads) {
  const ConvShape shape(c);
  Pool::here().run(words, threads, [&](int64_t word, int) {
    ConvImage image(c, shape, x, words, word);
    ConvTree<FAN_IN> tree(c, shape);
    for (int64_t kernel = 0; kernel < c.kernels; ++kernel) {
      const uint64_t *bits = tree.evaluate(image, kernel);
      uint64_t *to = out + kernel * shape.windows * words + word;
      for (int64_t row = 0; row < shape.rows; ++row)
        for (int64_t column = 0; column < shape.columns; ++column, to += words) {
          uint64_t found = 0;
          for (int64_t i = 0; i < c.pool; ++i)
            for (int64_t j = 0; j < c.pool; ++j) found |= bits[shape.at(row, column, i, j)];
          *to = found;
        }
    }
  });
}

// Gradients of the tables, of the choice of leaves and, where d_x is given, of the image.
template <int FAN_IN>
void conv_backward(const Conv &c, const uint64_t *x, int64_t words, const float *top,
                   int64_t group, float *d_x, float *sums, float *picks, int threads) {
  const ConvShape shape(c);
  const int64_t tables = c.kernels * shape.nodes << FAN_IN;
  const int64_t choices = c.candidates ? c.kernels * shape.leaves * CANDIDATES : 0;
  // Each word's sums apart, and added in order at the end: a sum over words on the way would depend
  // on which thread came first.
  std::vector<float> shares(words * (tables + choices));
  Pool::here().run(words, threads, [&](int64_t word, int) {
    ConvImage image(c, shape, x, words, word);
    ConvBack<FAN_IN> back(c, shape);
    std::vector<float> d_image(d_x ? 64 * shape.plane_words(c.channels) : 0);
    float *share = shares.data() + word * (tables + choices);
    for (int64_t kernel = 0; kernel < c.kernels; ++kernel)
      back.kernel_back(image, kernel, top + 64 * word, group, 64 * words,
                       d_x ? d_image.data() : nullptr, share, share + tables);
    if (d_x) image.crop(d_image.data(), d_x + 64 * word, 64 * words);
  });
  for (int64_t i = 0; i < tables + choices; ++i) {
    float sum = 0;
    for (int64_t word = 0; word < words; ++word) sum += shares[word * (tables + choices) + i];
    (i < tables ? sums[i] : picks[i - tables]) = sum;
  }
}

} // namespace
