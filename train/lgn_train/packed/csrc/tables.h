// Choose the tables of a step, and the way of their gradients back to the logits.
#pragma once
#include "rows.h"

namespace {

// The scores of sixteen nodes, one a lane; where there are fewer, the last one's again.
void read_nodes(const TableOptions &o, const float *logits, int64_t first, int lanes,
                Floats *scores) {
  for (int lane = 0; lane < LANES; ++lane) {
    const float *row = logits + (first + std::min(lane, lanes - 1)) * o.count;
    for (int i = 0; i < o.count; ++i) scores[i][lane] = row[i];
  }
  if (o.parametrization == WALSH) walsh_hadamard(scores, (int)o.count);
}

// Sixteen nodes at a time, one a lane.
void choose_tables(const TableOptions &o, const float *logits, int64_t first, float *soft,
                   float *shares, uint64_t *bits) {
  Floats scores[MAX_ENTRIES], table[MAX_ENTRIES];
  int lanes = (int)std::min<int64_t>(LANES, o.nodes - first);
  read_nodes(o, logits, first, lanes, scores);
  if (o.noisy) {
    // Node n has the words 4 quad and following, quad = n * count / 4, however the nodes are
    // divided among threads.
    Words quad = (LANE + (uint32_t)first) * (uint32_t)(o.count / 4);
    add_noise<Floats, Words>(scores, (int)o.count, o.parametrization == RAW, quad,
                             (uint32_t)o.stream, *o.seed, *o.step);
  }
  uint64_t chosen[LANES] = {};
  if (o.parametrization == RAW) {
    Words gate = likeliest_gate<Floats, Words>(scores);
    for (int lane = 0; lane < lanes; ++lane) chosen[lane] = gate[lane];
  } else {
    for (int j = 0; j < o.entries; ++j)
      for (int lane = 0; lane < lanes; ++lane)
        // A score of exactly 0 means 0: the reference says so too.
        chosen[lane] |= (uint64_t)(scores[j][lane] > 0.0f) << j;
  }
  std::copy(chosen, chosen + lanes, bits + first);
  if (!soft) return;
  Floats scale = splat(1.0f / o.temperature);
  if (o.parametrization == RAW) {
    soft_gates<Floats, Words>(scores, table, scale);
    for (int lane = 0; lane < lanes; ++lane)
      for (int i = 0; i < GATES; ++i) shares[(first + lane) * GATES + i] = scores[i][lane];
  } else {
    for (int j = 0; j < o.entries; ++j) table[j] = sigmoid<Floats, Words>(scores[j] * scale);
  }
  for (int lane = 0; lane < lanes; ++lane)
    for (int j = 0; j < o.entries; ++j) soft[(first + lane) * o.entries + j] = table[j][lane];
}

// The sum over sixteen nodes, or those that are left, of the probability of their likeliest gate, or
// of the likelier value of each entry of their tables.
float likeliest_share(const TableOptions &o, const float *logits, int64_t first) {
  Floats scores[MAX_ENTRIES], sum = {};
  int lanes = (int)std::min<int64_t>(LANES, o.nodes - first);
  read_nodes(o, logits, first, lanes, scores);
  Floats scale = splat(1.0f / o.temperature);
  if (o.parametrization == RAW) {
    Floats table[4], most = {};
    soft_gates<Floats, Words>(scores, table, scale);
    for (int i = 0; i < GATES; ++i) most = scores[i] > most ? scores[i] : most;
    sum = most;
  } else {
    for (int j = 0; j < o.entries; ++j) {
      Floats score = scores[j] < 0.0f ? -scores[j] : scores[j];
      sum = sum + sigmoid<Floats, Words>(score * scale);
    }
  }
  float found = 0;
  for (int lane = 0; lane < lanes; ++lane) found += sum[lane];
  return found;
}

// The gradient of a node's 16 logits, all at once; see gate_gradient() in math.h for one of them.
void gate_gradients(const float *shares, const float *soft, const float *d_table, float scale,
                    float *d_logits) {
  float mean = 0;
  for (int j = 0; j < 4; ++j) mean += soft[j] * d_table[j];
  Floats along = splat(-mean);
  for (int j = 0; j < 4; ++j) along = along + select(GATES_WITH_BIT[j], splat(d_table[j]), Floats{});
  store(d_logits, load(shares) * along * splat(scale));
}

// The sigmoid's derivative, soft * (1 - soft) / temperature, entry by entry. Walsh's logits are
// then the transform of that: the matrix is symmetric, so that its transpose is itself.
void entry_gradients(const TableOptions &o, const float *soft, const float *d_table, float scale,
                     float *d_logits) {
  for (int j = 0; j < o.entries; ++j)
    d_logits[j] = d_table[j] * soft[j] * (1.0f - soft[j]) * scale;
  if (o.parametrization == WALSH) walsh_hadamard(d_logits, (int)o.entries);
}

} // namespace
