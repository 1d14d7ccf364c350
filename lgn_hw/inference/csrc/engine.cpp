// The inference engine as engine.py calls it: a program is built once, then run on samples.
//
// This file is compiled once for each instruction set; the results are the same.
#include <atomic>
#include <cmath>
#include <memory>
#include <new>
#include <thread>

#include "build.h"
#include "encode.h"
#include "votes.h"

namespace lgn {

struct Call {
  const Program &program;
  int64_t samples;
  int32_t *scores; // [samples, classes], or null
  int32_t *chosen; // [samples], or null
};

// What one thread works in.
struct Workspace {
  Vector *slots;
  explicit Workspace(const Program &program)
      : slots((Vector *)std::aligned_alloc(sizeof(Vector), sizeof(Vector) * (size_t)(program.slots + 1))) {
    if (!slots) throw std::bad_alloc();
  }
  ~Workspace() { std::free(slots); }
};

template <class Code> bool run_block(const Call &call, const Code *codes, int64_t start, Workspace &workspace) {
  const Program &program = call.program;
  const int64_t samples = std::min<int64_t>(BLOCK, call.samples - start);
  if (encode_block(program, codes + start * program.features, samples, workspace.slots)) return true;
  run_gates(program, workspace.slots);
  Leader leader;
  for (int64_t c = 0; c < program.classes; ++c) {
    Vector planes[MOST_PLANES];
    score_class(program, workspace.slots, c, planes);
    if (call.scores)
      numbers_of(planes, program.planes, samples, call.scores + start * program.classes + c, program.classes);
    if (call.chosen) leader.meet(planes, program.planes, c);
  }
  if (call.chosen) numbers_of(leader.number, leader.bits, samples, call.chosen + start, 1);
  return false;
}

template <class Code> bool run_one(const Call &call, const Code *codes, int64_t sample) {
  const Program &program = call.program;
  static thread_local std::vector<uint8_t> slots;
  if (slots.size() < program.slots) slots.resize(program.slots);
  const Code *own = codes + sample * program.features;
  if constexpr (std::is_floating_point_v<Code>) {
    if (encode_one_of_values(program, own, slots.data())) return true;
  } else if (encode_one(program, own, slots.data())) return true;
  run_gates(program, slots.data());
  int32_t best = 0, most = -1;
  for (int64_t c = 0; c < program.classes; ++c) {
    const int32_t score = score_one(program, slots.data(), c);
    if (call.scores) call.scores[sample * program.classes + c] = score;
    if (score > most) most = score, best = c;
  }
  if (call.chosen) call.chosen[sample] = best;
  return false;
}

constexpr int64_t ONE_BY_ONE = 2; // samples, below the cost of a block

template <class Code> int run(const Call &call, const Code *codes, int64_t threads) {
  if (call.samples <= ONE_BY_ONE) {
    for (int64_t s = 0; s < call.samples; ++s)
      if (run_one(call, codes, s)) return 1;
    return 0;
  }
  const int64_t blocks = (call.samples + BLOCK - 1) / BLOCK;
  threads = std::min(threads, blocks);
  std::atomic<int64_t> next{0};
  std::atomic<int> status{0};
  auto work = [&] {
    try {
      Workspace workspace(call.program);
      for (int64_t block; !status && (block = next++) < blocks;)
        if (run_block(call, codes, block * BLOCK, workspace)) status = 1;
    } catch (const std::bad_alloc &) {
      status = 2;
    }
  };
  std::vector<std::thread> others;
  for (int64_t t = 1; t < threads; ++t) others.emplace_back(work);
  work();
  for (std::thread &other : others) other.join();
  return status;
}

} // namespace lgn

extern "C" {

// Null where memory is short.
lgn::Program *lgn_build(const lgn::Classifier *from) {
  try {
    return lgn::build(*from);
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

void lgn_free(lgn::Program *program) { delete program; }

void lgn_describe(const lgn::Program *program, int64_t *to) {
  to[0] = program->instructions, to[1] = program->runs.size(), to[2] = program->slots;
  to[3] = program->code.size(), to[4] = program->bits.size(), to[5] = program->votes.size();
}

// All that a program consists of, into arrays of the sizes that lgn_describe gives.
void lgn_copy(const lgn::Program *program, int32_t *function, int32_t *count, uint32_t *code,
              int32_t *feature, int64_t *threshold, uint32_t *votes, int64_t *first, int64_t *inverted,
              int32_t *constant, uint32_t *output) {
  for (const lgn::Run &run : program->runs) *function++ = run.function, *count++ = run.count;
  for (const lgn::Bit &bit : program->bits) *feature++ = bit.feature, *threshold++ = bit.threshold;
  std::copy(program->code.begin(), program->code.end(), code);
  std::copy(program->votes.begin(), program->votes.end(), votes);
  std::copy(program->first.begin(), program->first.end(), first);
  std::copy(program->inverted.begin(), program->inverted.end(), inverted);
  std::copy(program->constant.begin(), program->constant.end(), constant);
  std::copy(program->output.begin(), program->output.end(), output);
}

// codes[samples, features] of `bytes` bytes each, unsigned where that is one; of raw values, which are
// floats, it is minus the bytes. 0 where all is well, 1 where a code is out of range or a value is not
// finite, 2 where memory is short.
int lgn_run(const lgn::Program *program, const void *codes, int64_t bytes, int64_t samples,
            int32_t *scores, int32_t *chosen, int64_t threads) {
  const lgn::Call call = {*program, samples, scores, chosen};
  if (bytes == 1) return lgn::run(call, (const uint8_t *)codes, threads);
  if (bytes == 4) return lgn::run(call, (const int32_t *)codes, threads);
  if (bytes == -4) return lgn::run(call, (const float *)codes, threads);
  if (bytes == -8) return lgn::run(call, (const double *)codes, threads);
  return lgn::run(call, (const int64_t *)codes, threads);
}

} // extern "C"
