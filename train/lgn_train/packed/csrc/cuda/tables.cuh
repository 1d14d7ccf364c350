// Tables chosen and their gradients: four logits a lane, so that neighbouring lanes read
// neighbouring memory and one block of Philox serves a lane.
#pragma once
#include "rows.cuh"

namespace {

constexpr int QUAD = 4; // logits of a lane

// Where a lane works: on part `part` of the logits of a node. The lanes past the last node do the
// work of the last one again, since all lanes of a warp meet in shuffles.
template <int COUNT> struct Place {
  static constexpr int PARTS = COUNT / QUAD;
  int64_t quad, node;
  int part;
  bool there;

  __device__ explicit Place(int64_t nodes) {
    int64_t at = blockIdx.x * (int64_t)blockDim.x + threadIdx.x;
    part = at % PARTS;
    there = at < nodes * PARTS;
    quad = there ? at : (nodes - 1) * PARTS + part;
    node = quad / PARTS;
  }
};

__device__ void read(const float *from, int64_t quad, float *values) {
  float4 x = ((const float4 *)from)[quad];
  values[0] = x.x, values[1] = x.y, values[2] = x.z, values[3] = x.w;
}
__device__ void write(float *to, int64_t quad, const float *values) {
  ((float4 *)to)[quad] = make_float4(values[0], values[1], values[2], values[3]);
}

// The transform of math.h over the lanes of a node: the same additions in the same order.
template <int COUNT> __device__ void walsh_over_lanes(float *values, int part) {
  walsh_hadamard(values, QUAD);
#pragma unroll
  for (int lane = 1; lane < COUNT / QUAD; lane *= 2)
    for (int i = 0; i < QUAD; ++i) {
      float other = __shfl_xor_sync(ALL, values[i], lane);
      values[i] = part & lane ? other - values[i] : values[i] + other;
    }
}

// The likeliest of a node's 16 gates, the lowest on a tie, and its score, in all its lanes.
__device__ float likeliest_of_lanes(const float *scores, int part, int &gate) {
  float best = scores[0];
  gate = QUAD * part;
  for (int i = 1; i < QUAD; ++i) {
    gate = scores[i] > best ? QUAD * part + i : gate;
    best = scores[i] > best ? scores[i] : best;
  }
#pragma unroll
  for (int lane = 1; lane < GATES / QUAD; lane *= 2) {
    float other = __shfl_xor_sync(ALL, best, lane);
    int other_gate = __shfl_xor_sync(ALL, gate, lane);
    // The lower gate wins a tie, in every lane alike.
    bool better = other > best || (other == best && other_gate < gate);
    gate = better ? other_gate : gate;
    best = better ? other : best;
  }
  return best;
}

// Turn scores into probabilities in place; return entry `part` of the node's soft table.
__device__ float soft_of_lanes(float *scores, float best, float scale, int part) {
  for (int i = 0; i < QUAD; ++i)
    scores[i] = exponential<float, uint32_t>((scores[i] - best) * scale);
  float sum = (scores[0] + scores[1]) + (scores[2] + scores[3]);
  sum += __shfl_xor_sync(ALL, sum, 1);
  sum += __shfl_xor_sync(ALL, sum, 2);
  float share = 1.0f / sum;
  for (int i = 0; i < QUAD; ++i) scores[i] = scores[i] * share;
  // Gate 4 * part + i has bit 0 where i has, and bit 2 where part has bit 0.
  float own = (scores[0] + scores[1]) + (scores[2] + scores[3]);
  float entry[4] = {scores[1] + scores[3], scores[2] + scores[3], part & 1 ? own : 0.0f,
                    part & 2 ? own : 0.0f};
  // Each lane sends two of its four partial sums to the lane two away and keeps two; then one of
  // two: the sum of an entry ends in the lane of its number.
  bool high = part & 2, odd = part & 1;
  float first = (high ? entry[2] : entry[0]) + __shfl_xor_sync(ALL, high ? entry[0] : entry[2], 2);
  float second = (high ? entry[3] : entry[1]) + __shfl_xor_sync(ALL, high ? entry[1] : entry[3], 2);
  return (odd ? second : first) + __shfl_xor_sync(ALL, odd ? first : second, 1);
}

// The bits of a table whose entries are 1 where the score is positive, in all lanes of the node.
template <int COUNT> __device__ uint64_t positive_of_lanes(const float *scores, int part) {
  uint64_t bits = 0;
  for (int i = 0; i < QUAD; ++i) bits |= (uint64_t)(scores[i] > 0.0f) << (QUAD * part + i);
#pragma unroll
  for (int lane = 1; lane < COUNT / QUAD; lane *= 2)
    bits |= (uint64_t)__shfl_xor_sync(ALL, (unsigned long long)bits, lane);
  return bits;
}

template <int COUNT, int PARAMETRIZATION>
__global__ void choose_tables(TableOptions o, const float *logits, float *soft, float *shares,
                              uint64_t *bits) {
  Place<COUNT> at(o.nodes);
  float scores[QUAD];
  read(logits, at.quad, scores);
  if (PARAMETRIZATION == WALSH) walsh_over_lanes<COUNT>(scores, at.part);
  if (o.noisy)
    add_noise<float, uint32_t>(scores, QUAD, PARAMETRIZATION == RAW, (uint32_t)at.quad,
                               (uint32_t)o.stream, *o.seed, *o.step);
  float scale = 1.0f / o.temperature;
  if (PARAMETRIZATION == RAW) {
    int gate;
    float best = likeliest_of_lanes(scores, at.part, gate);
    if (at.there && !at.part) bits[at.node] = (uint64_t)gate;
    if (!soft) return;
    float entry = soft_of_lanes(scores, best, scale, at.part);
    if (!at.there) return;
    write(shares, at.quad, scores);
    soft[at.quad] = entry;
  } else {
    uint64_t chosen = positive_of_lanes<COUNT>(scores, at.part);
    if (!at.there) return;
    if (!at.part) bits[at.node] = chosen;
    if (!soft) return;
    for (int i = 0; i < QUAD; ++i) scores[i] = sigmoid<float, uint32_t>(scores[i] * scale);
    write(soft, at.quad, scores);
  }
}

template <int COUNT, int PARAMETRIZATION>
__global__ void table_gradients(TableOptions o, const float *shares, const float *soft,
                                const float *d_table, float *d_logits) {
  Place<COUNT> at(o.nodes);
  float scale = 1.0f / o.temperature;
  float along[QUAD];
  if (PARAMETRIZATION == RAW) {
    float d[4], t[4], p[QUAD], mean = 0;
    read(d_table, at.node, d);
    read(soft, at.node, t);
    read(shares, at.quad, p);
    for (int j = 0; j < 4; ++j) mean += t[j] * d[j];
    for (int i = 0; i < QUAD; ++i) along[i] = gate_gradient(p[i], QUAD * at.part + i, d, mean, scale);
  } else {
    float t[QUAD];
    read(d_table, at.quad, along);
    read(soft, at.quad, t);
    for (int i = 0; i < QUAD; ++i) along[i] = along[i] * t[i] * (1.0f - t[i]) * scale;
    if (PARAMETRIZATION == WALSH) walsh_over_lanes<COUNT>(along, at.part);
  }
  if (at.there) write(d_logits, at.quad, along);
}

// Call f with the number of logits and the parametrisation as constants.
template <class F> void with_tables(const TableOptions &o, const F &f) {
  auto of_count = [&](auto parametrization) {
    switch (o.count) {
    case 4: return f(std::integral_constant<int, 4>{}, parametrization);
    case 8: return f(std::integral_constant<int, 8>{}, parametrization);
    case 16: return f(std::integral_constant<int, 16>{}, parametrization);
    case 32: return f(std::integral_constant<int, 32>{}, parametrization);
    case 64: return f(std::integral_constant<int, 64>{}, parametrization);
    }
  };
  if (o.parametrization == RAW)
    f(std::integral_constant<int, GATES>{}, std::integral_constant<int, RAW>{});
  else if (o.parametrization == LIGHT)
    of_count(std::integral_constant<int, LIGHT>{});
  else
    of_count(std::integral_constant<int, WALSH>{});
}

inline unsigned table_blocks(const TableOptions &o) {
  return blocks(o.nodes * (o.count / QUAD), THREADS);
}

} // namespace
