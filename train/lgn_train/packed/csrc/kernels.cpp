// The CPU kernels of the packed engine, as ops.py calls them; the float layers say what they compute.
//
// This file is compiled once for each instruction set. Results do not depend on the threads.
#include "backward.h"
#include "conv.h"
#include "forward.h"
#include "soft.h"
#include "tables.h"
#include "votes.h"

extern "C" {

void lgn_choose_tables(const TableOptions *options, const float *logits, float *soft,
                       float *shares, uint64_t *bits, int threads) {
  int64_t blocks = (options->nodes + LANES - 1) / LANES;
  for_rows(blocks, 2.5 * options->count * LANES, threads, [&](int64_t first, int64_t last) {
    for (int64_t block = first; block < last; ++block)
      choose_tables(*options, logits, block * LANES, soft, shares, bits);
  });
}

// The mean probability of the likeliest choices; blocks are added up in their order.
void lgn_confidence(const TableOptions *options, const float *logits, float *mean, int threads) {
  std::vector<float> sums((options->nodes + LANES - 1) / LANES);
  for_rows(sums.size(), options->count * LANES, threads, [&](int64_t first, int64_t last) {
    for (int64_t block = first; block < last; ++block)
      sums[block] = likeliest_share(*options, logits, block * LANES);
  });
  double sum = 0;
  for (float part : sums) sum += part;
  int64_t choices = options->parametrization == RAW ? 1 : options->entries;
  *mean = (float)(sum / (double)(options->nodes * choices));
}

void lgn_table_gradients(const TableOptions *options, const float *shares, const float *soft,
                         const float *d_table, float *d_logits, int threads) {
  float scale = 1.0f / options->temperature;
  int64_t entries = options->entries, count = options->count;
  for_rows(options->nodes, 0.5 * count, threads, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i)
      if (options->parametrization == RAW)
        gate_gradients(shares + i * GATES, soft + i * entries, d_table + i * entries, scale,
                       d_logits + i * GATES);
      else
        entry_gradients(*options, soft + i * entries, d_table + i * entries, scale,
                        d_logits + i * count);
  });
}

void lgn_forward(const Stage *stages, int64_t count, const uint64_t *x, int64_t words,
                 int threads) {
  for (int64_t l = 0; l < count; ++l)
    forward_stage(stages[l], l ? stages[l - 1].out : x, words, threads);
}

// Gradients of tables and, where d_x is given, of the input bits. top: [groups, 64 * words], a row
// for each `group` neighbouring outputs. workspace: twice a block of rows of the widest stage
// below the last, kept as bfloat16 if half.
void lgn_backward(const Stage *stages, int64_t count, const uint64_t *x, int64_t words,
                  const float *top, int64_t group, float *d_x, void *workspace, int64_t half,
                  int threads) {
  if (half)
    run_backward(stages, count, x, words, top, group, d_x, (uint16_t *)workspace, threads);
  else
    run_backward(stages, count, x, words, top, group, d_x, (float *)workspace, threads);
}

// The outputs of a convolution, [kernels * windows, words].
void lgn_conv_forward(const Conv *conv, const uint64_t *x, int64_t words, uint64_t *out,
                      int threads) {
  switch (conv->fan_in) {
  case 2: return conv_forward<2>(*conv, x, words, out, threads);
  case 3: return conv_forward<3>(*conv, x, words, out, threads);
  case 4: return conv_forward<4>(*conv, x, words, out, threads);
  case 5: return conv_forward<5>(*conv, x, words, out, threads);
  case 6: return conv_forward<6>(*conv, x, words, out, threads);
  }
}

// Gradients of its tables, sums[tables, 1 << fan_in], of the choice of its leaves, picks like
// `candidates`, and, where d_x is given, of its image. top: as of lgn_backward.
void lgn_conv_backward(const Conv *conv, const uint64_t *x, int64_t words, const float *top,
                       int64_t group, float *d_x, float *sums, float *picks, int threads) {
  switch (conv->fan_in) {
  case 2: return conv_backward<2>(*conv, x, words, top, group, d_x, sums, picks, threads);
  case 3: return conv_backward<3>(*conv, x, words, top, group, d_x, sums, picks, threads);
  case 4: return conv_backward<4>(*conv, x, words, top, group, d_x, sums, picks, threads);
  case 5: return conv_backward<5>(*conv, x, words, top, group, d_x, sums, picks, threads);
  case 6: return conv_backward<6>(*conv, x, words, top, group, d_x, sums, picks, threads);
  }
}

// Soft stages: fill their values, where they are wanted, and votes[blocks][nodes / group][block],
// the sums of each `group` neighbouring outputs of the last stage, whose values are null then.
void lgn_soft_forward(const SoftRun *run, float *votes, int threads) {
  run_soft_forward(*run, votes, threads);
}

// Gradients of soft tables, of picks and, where d_x is given, of the inputs, [blocks][inputs][block].
// top: [blocks][nodes / group][block]. All stages but the last have their values.
void lgn_soft_backward(const SoftRun *run, const float *top, float *d_x, int threads) {
  run_soft_backward(*run, top, d_x, threads);
}

// The inverse of a wiring: for each input its readers, node << 3 | pin, in ascending order of pin
// and then of node, from starts[input] on.
void lgn_invert(const int32_t *wiring, int64_t nodes, int64_t fan_in, int64_t inputs,
                int32_t *starts, int32_t *readers, int) {
  // Counting sort: how many readers each input has, where they start, and then each into its place.
  // The order of readers fixes the order in which gradients are added.
  std::fill(starts, starts + inputs + 1, 0);
  for (int64_t at = 0; at < nodes * fan_in; ++at)
    if (wiring[at] >= 0) ++starts[wiring[at] + 1];
  for (int64_t input = 0; input < inputs; ++input) starts[input + 1] += starts[input];
  std::vector<int32_t> next(starts, starts + inputs);
  for (int64_t pin = 0; pin < fan_in; ++pin)
    for (int64_t node = 0; node < nodes; ++node) {
      int32_t input = wiring[node * fan_in + pin];
      if (input >= 0) readers[next[input]++] = (int32_t)(node << 3 | pin);
    }
}

// counts[groups, 64 * words]: the ones among each `group` neighbouring rows.
void lgn_count(const uint64_t *rows, int64_t nodes, int64_t words, int64_t group, int32_t *counts,
               int threads) {
  // A column is one word of one group; columns are independent, and so shared among threads.
  int64_t columns = nodes / group * words;
  for_rows(columns, 8.0 * group, threads, [&](int64_t first, int64_t last) {
    for (int64_t at = first; at < last; ++at)
      count_column(rows + at / words * group * words + at % words, group, words, counts + at * 64);
  });
}

// bits[b]: codes[feature[b]] > threshold[b], of codes[features, 64 * words], bytes or int32.
void lgn_encode(const void *codes, int64_t bytes, const int32_t *feature,
                const int32_t *threshold, int64_t count, int64_t words, uint64_t *bits,
                int threads) {
  if (bytes == 1)
    encode((const uint8_t *)codes, feature, threshold, count, words, bits, threads);
  else
    encode((const int32_t *)codes, feature, threshold, count, words, bits, threads);
}

} // extern "C"
