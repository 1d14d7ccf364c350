// Division of work among threads: by rows, each computed by one thread in one order.
#pragma once
#include <vector>

#include "math.h"
#include "pool.h"
#include "stage.h"

using namespace lgn;

namespace {

constexpr int BLOCK_WORDS = 2;                 // of samples, kept in registers together
constexpr int BLOCK = 64 * BLOCK_WORDS;        // samples
constexpr int VECTORS = BLOCK / LANES;         // vectors of a block
constexpr int AHEAD = 3;                       // rows that are prefetched
constexpr double PARALLEL_NS = 2e5;            // of work, from which a second thread pays
constexpr double PIECE_NS = 3e4;               // of work that a thread takes at once

// ns: nanoseconds that a row takes, about.
template <class Body> void for_rows(int64_t rows, double ns, int threads, const Body &body) {
  if (threads <= 1 || rows * ns < PARALLEL_NS) {
    body(0, rows);
    return;
  }
  // Pieces are smaller than rows / threads, so that a thread that the system delays leaves the rest
  // to the others. Which rows a piece has does not depend on the threads.
  int64_t share = std::max<int64_t>(1, (int64_t)(PIECE_NS / ns));
  Pool::here().run((rows + share - 1) / share, threads, [&](int64_t piece, int) {
    body(piece * share, std::min(rows, (piece + 1) * share));
  });
}

// The 16 samples of vector v of a block whose words are given.
inline uint16_t lanes_of(const uint64_t *words, int v) {
  return (uint16_t)(words[v / 4] >> (16 * (v % 4)));
}

} // namespace
