// What a convolution reads: an image's planes with their borders, and a kernel's tree on them.
#pragma once
#include "rows.h"

namespace {

typedef uint64_t Eight __attribute__((vector_size(64)));
constexpr int64_t EIGHT = 8;
constexpr int64_t BEHIND = 3 * EIGHT; // words behind rows, which whole vectors may read or write
typedef std::vector<uint64_t> Plane;

inline Eight eight(const uint64_t *from) {
  Eight x;
  memcpy(&x, from, sizeof x);
  return x;
}
// As lanes_of(), from words in memory: a mask is loaded as it is.
inline uint16_t lanes_at(const void *words, int v) {
  uint16_t mask;
  memcpy(&mask, (const char *)words + 2 * v, sizeof mask);
  return mask;
}

// The sizes that follow from a convolution's.
struct ConvShape {
  int64_t leaves = 1, nodes = 0;   // of a kernel
  int64_t height, width;           // of the image with its borders
  int64_t pitch, plane;            // words of a row of positions, and of all rows
  int64_t rows, columns, windows;  // of the pool's, where it has one, else positions
  int64_t window_words;            // for the windows, in whole vectors
  int64_t size, stride, pool;

  explicit ConvShape(const Conv &c) : size(c.size), stride(c.stride), pool(c.pool) {
    for (int64_t level = 0; level < c.depth; ++level) nodes += leaves, leaves *= c.fan_in;
    height = c.rows + 2 * c.padding, width = c.columns + 2 * c.padding;
    int64_t down = (height - size) / stride + 1, across = (width - size) / stride + 1;
    pitch = stride == 1 ? width : across;
    plane = (down * pitch + EIGHT - 1) / EIGHT * EIGHT;
    rows = down / pool, columns = across / pool, windows = rows * columns;
    window_words = (windows + EIGHT - 1) / EIGHT * EIGHT;
  }

  // Where in a plane a window's position is.
  int64_t at(int64_t row, int64_t column, int64_t i, int64_t j) const {
    return (row * pool + i) * pitch + column * pool + j;
  }
  // Where in the image with borders a place of the window is for a position.
  int64_t pixel(int64_t place, int64_t row, int64_t column) const {
    int64_t channel = place / (size * size), down = place / size % size, across = place % size;
    return (channel * height + row * stride + down) * width + column * stride + across;
  }
  // Words of all channels, and those behind them.
  int64_t plane_words(int64_t channels) const {
    return channels * height * width + size + width + BEHIND;
  }
};

// A word of the batch: bits of 64 samples, 0 in the borders.
struct ConvImage {
  const Conv &c;
  const ConvShape &shape;
  Plane bits;

  ConvImage(const Conv &c, const ConvShape &shape, const uint64_t *x, int64_t words, int64_t word)
      : c(c), shape(shape), bits(shape.plane_words(c.channels)) {
    each_row([&](int64_t from, int64_t to) {
      for (int64_t i = 0; i < c.columns; ++i) bits[to + i] = x[(from + i) * words + word];
    });
  }

  // Take the gradient of the image without its borders: rows of `stride` numbers, 64 in each.
  void crop(const float *d_image, float *d_x, int64_t stride) const {
    each_row([&](int64_t row, int64_t at) {
      for (int64_t i = 0; i < c.columns; ++i)
        memcpy(d_x + (row + i) * stride, d_image + 64 * (at + i), 64 * sizeof(float));
    });
  }

  // A place of the window at all positions; `scratch` is filled where these are not neighbours.
  const uint64_t *plane(int64_t place, uint64_t *scratch) const {
    const uint64_t *from = bits.data() + shape.pixel(place, 0, 0);
    // Neighbouring positions read neighbouring pixels then: the plane is the image itself, only
    // shifted.
    if (shape.stride == 1) return from;
    for (int64_t at = 0, row = 0; at + shape.pitch <= shape.plane; ++row, at += shape.pitch) {
      if (row * shape.stride + shape.size > shape.height) break;
      for (int64_t column = 0; column < shape.pitch; ++column)
        scratch[at + column] = from[(row * shape.width + column) * shape.stride];
    }
    return scratch;
  }

private:
  // visit(row of the first pixel, word of it with borders), for each row of each channel.
  template <class Visit> void each_row(const Visit &visit) const {
    for (int64_t channel = 0; channel < c.channels; ++channel)
      for (int64_t row = 0; row < c.rows; ++row)
        visit((channel * c.rows + row) * c.columns,
              (channel * shape.height + row + c.padding) * shape.width + c.padding);
  }
};

// A table of pins at as many words, eight at a time: a tree of multiplexers.
template <int FAN_IN>
void look_up_words(uint64_t table, const uint64_t *const *pins, uint64_t *to, int64_t words) {
  constexpr int HALF = 1 << (FAN_IN - 1);
  Eight low[HALF], change[HALF];
  for (int j = 0; j < HALF; ++j) {
    // Entries of pin 0's pair as masks: `low` where it is 0, and what changes where it is 1.
    low[j] = Eight{} - (table >> (2 * j) & 1);
    change[j] = low[j] ^ (Eight{} - (table >> (2 * j + 1) & 1));
  }
  for (int64_t w = 0; w < words; w += EIGHT) {
    Eight entries[HALF], pin = eight(pins[0] + w);
    for (int j = 0; j < HALF; ++j) entries[j] = low[j] ^ (change[j] & pin);
    for (int p = 1; p < FAN_IN; ++p) {
      pin = eight(pins[p] + w);
      for (int j = 0; j < 1 << (FAN_IN - 1 - p); ++j)
        entries[j] = entries[2 * j] ^ ((entries[2 * j] ^ entries[2 * j + 1]) & pin);
    }
    memcpy(to + w, entries, sizeof pin);
  }
}

// A kernel's nodes at all positions. Node n reads rows n * fan_in and following: leaves first, then
// nodes, the lowest level first.
template <int FAN_IN> struct ConvTree {
  const Conv &c;
  const ConvShape &shape;
  std::vector<uint64_t> values;  // [nodes][plane]
  std::vector<uint64_t> strided; // [leaves][plane], where positions are not neighbours
  std::vector<const uint64_t *> rows;

  ConvTree(const Conv &c, const ConvShape &shape)
      : c(c), shape(shape), values(shape.nodes * shape.plane + BEHIND),
        strided(shape.stride == 1 ? 0 : (shape.leaves + 1) * shape.plane + BEHIND),
        rows(shape.leaves + shape.nodes) {
    for (int64_t node = 0; node < shape.nodes; ++node)
      rows[shape.leaves + node] = values.data() + node * shape.plane;
  }

  // The number of a kernel's node among all tables: by level, kernel and node.
  int64_t index(int64_t kernel, int64_t node) const {
    int64_t before = 0, level = shape.leaves / FAN_IN;
    // Levels shrink by FAN_IN from the leaves up, and all kernels' tables of a level lie together.
    for (; node >= level; level /= FAN_IN) node -= level, before += c.kernels * level;
    return before + kernel * level + node;
  }
  uint64_t table(int64_t kernel, int64_t node) const { return c.tables[index(kernel, node)]; }
  const float *slopes(int64_t kernel, int64_t node, float *scratch) const {
    if (c.slopes) return c.slopes + (index(kernel, node) << FAN_IN);
    uint64_t bits = table(kernel, node);
    for (int j = 0; j < 1 << FAN_IN; ++j) scratch[j] = (float)(bits >> j & 1);
    return scratch;
  }
  const uint64_t *leaf(int64_t number) const { return rows[number]; }

  // The bits of a kernel's output at all positions.
  const uint64_t *evaluate(const ConvImage &image, int64_t kernel) {
    for (int64_t leaf = 0; leaf < shape.leaves; ++leaf)
      rows[leaf] = image.plane(c.leaves[kernel * shape.leaves + leaf],
                               strided.data() + (shape.stride == 1 ? 0 : (leaf + 1) * shape.plane));
    for (int64_t node = 0; node < shape.nodes; ++node)
      look_up_words<FAN_IN>(table(kernel, node), rows.data() + node * FAN_IN,
                            values.data() + node * shape.plane, shape.plane);
    return values.data() + (shape.nodes - 1) * shape.plane;
  }
};

// Add each number's sixteen lanes, in halves; count is a multiple of four.
inline void add_all_lanes(const Floats *from, int64_t count, float *to) {
  for (int64_t i = 0; i < count; i += 4) {
    Quarter four = add_lanes(from[i], from[i + 1], from[i + 2], from[i + 3]);
    memcpy(to + i, &four, sizeof four);
  }
}

} // namespace
