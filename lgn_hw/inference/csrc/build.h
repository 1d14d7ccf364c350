// Netlist to program: dead nodes dropped, tables split, operations sorted, slots used again.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "tables.h"

namespace lgn {

constexpr int MAX_FANIN = 6, FIRST_INPUT = 2;

// A classifier as Python passes it; engine.py has the same fields.
struct Classifier {
  int64_t features;
  const int64_t *low, *high;     // [features]
  const double *offset, *scale;  // [features]
  int64_t bits;
  const int32_t *feature;   // [bits]
  const int64_t *threshold; // [bits]
  int64_t nodes;
  const int32_t *fanin;  // [nodes, 6]
  const uint64_t *table; // [nodes]
  int64_t outputs;
  const int32_t *output; // [outputs]
  const int32_t *group;  // [outputs]
  int64_t classes;
};

inline std::vector<bool> live_nodes(const Classifier &from) {
  const int64_t first = FIRST_INPUT + from.bits;
  std::vector<bool> live(from.nodes);
  for (int64_t i = 0; i < from.outputs; ++i)
    if (from.output[i] >= first) live[from.output[i] - first] = true;
  for (int64_t node = from.nodes - 1; node >= 0; --node)
    if (live[node])
      for (int pin = 0; pin < MAX_FANIN; ++pin) {
        const int64_t net = from.fanin[node * MAX_FANIN + pin];
        if (net >= first) live[net - first] = true;
      }
  return live;
}

// Values: 0 constant, then the encoder's bits, then operations. Fills votes with literals.
inline std::vector<Operation> operations_of(const Classifier &from, std::vector<Literal> &votes) {
  const std::vector<bool> live = live_nodes(from);
  std::vector<Literal> literals(FIRST_INPUT + from.bits + from.nodes);
  literals[0] = FALSE, literals[1] = TRUE;
  for (int64_t bit = 0; bit < from.bits; ++bit) literals[FIRST_INPUT + bit] = 2 * (1 + bit);
  Builder builder(1 + from.bits);
  builder.operations.reserve(from.nodes);
  for (int64_t node = 0; node < from.nodes; ++node) {
    if (!live[node]) continue;
    Literal read[MAX_FANIN];
    int arity = 0;
    for (int pin = 0; pin < MAX_FANIN; ++pin) {
      const int32_t net = from.fanin[node * MAX_FANIN + pin];
      read[pin] = literals[net];
      if (net) arity = pin + 1;
    }
    literals[FIRST_INPUT + from.bits + node] = builder.node(from.table[node], arity, read);
  }
  votes.resize(from.outputs);
  for (int64_t i = 0; i < from.outputs; ++i) votes[i] = literals[from.output[i]];
  return std::move(builder.operations);
}

inline int inputs_of(const Operation &operation) { return operation.function < THREE ? 2 : 3; }

// The operations that reach a vote, by level, and by function within one: so that runs are long.
// Fills ends with where each level ends.
inline std::vector<uint32_t> scheduled(const std::vector<Operation> &operations, uint32_t first,
                                       const std::vector<Literal> &votes, std::vector<uint32_t> &ends) {
  const uint32_t count = operations.size();
  std::vector<bool> live(count);
  for (Literal vote : votes)
    if (vote >> 1 >= first) live[(vote >> 1) - first] = true;
  for (uint32_t i = count; i-- > 0;)
    if (live[i])
      for (int pin = 0; pin < inputs_of(operations[i]); ++pin)
        if (operations[i].input[pin] >= first) live[operations[i].input[pin] - first] = true;
  std::vector<uint32_t> level(count), start(FUNCTIONS + 1), order;
  uint32_t depth = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (!live[i]) continue;
    ++start[operations[i].function + 1];
    for (int pin = 0; pin < inputs_of(operations[i]); ++pin)
      if (operations[i].input[pin] >= first)
        level[i] = std::max(level[i], level[operations[i].input[pin] - first] + 1);
    depth = std::max(depth, level[i] + 1);
  }
  for (int f = 0; f < FUNCTIONS; ++f) start[f + 1] += start[f];
  std::vector<uint32_t> by_function(start[FUNCTIONS]);
  for (uint32_t i = 0; i < count; ++i)
    if (live[i]) by_function[start[operations[i].function]++] = i;
  start.assign(depth + 1, 0);
  for (uint32_t i : by_function) ++start[level[i] + 1];
  for (uint32_t l = 0; l < depth; ++l) start[l + 1] += start[l];
  order.resize(by_function.size());
  for (uint32_t i : by_function) order[start[level[i]]++] = i;
  ends.assign(start.begin(), start.begin() + depth); // each start has moved to its level's end
  return order;
}

// Gives values a slot while they are read: a slot that was left last is taken first.
class Slots {
public:
  std::vector<uint32_t> of; // slot of each value
  uint32_t count = 0;

  explicit Slots(size_t values) : of(values), last(values, NEVER) {}
  void read(uint32_t value, uint32_t when) { last[value] = when; }
  bool is_read(uint32_t value) const { return last[value] != NEVER; }
  void take(uint32_t value) {
    if (free.empty()) free.push_back(count++);
    of[value] = free.back();
    free.pop_back();
  }
  void leave(uint32_t value, uint32_t when) {
    if (last[value] != when) return;
    free.push_back(of[value]);
    last[value] = NEVER; // once, though two inputs may be the same value
  }

private:
  static constexpr uint32_t NEVER = UINT32_MAX;
  std::vector<uint32_t> last, free;
};

inline void build_gates(Program &program, const std::vector<Operation> &operations,
                        const std::vector<uint32_t> &order, uint32_t first, bool side_by_side, Slots &slots) {
  program.instructions = order.size();
  program.code.reserve(3 * order.size());
  auto leave = [&](uint32_t when) {
    const Operation &operation = operations[order[when]];
    for (int pin = 0; pin < inputs_of(operation); ++pin) slots.leave(operation.input[pin], when);
  };
  for (uint32_t when = 0, start = 0, level = 0; when < order.size(); ++when) {
    const Operation &operation = operations[order[when]];
    const int inputs = inputs_of(operation);
    if (program.runs.empty() || program.runs.back().function != operation.function)
      program.runs.push_back({operation.function, 0});
    ++program.runs.back().count;
    for (int pin = 0; pin < inputs; ++pin) program.code.push_back(slots.of[operation.input[pin]]);
    if (!side_by_side) leave(when);
    slots.take(first + order[when]);
    program.code.push_back(slots.of[first + order[when]]);
    if (when + 1 < program.levels[level]) continue;
    for (; side_by_side && start <= when; ++start) leave(start);
    ++level;
  }
}

inline void build_bits(Program &program, const Classifier &from, Slots &slots) {
  program.features = from.features;
  for (int64_t f = 0; f < from.features; ++f) {
    program.bytes.add(from.low[f], from.high[f]);
    program.words.add(from.low[f], from.high[f]);
    program.longs.add(from.low[f], from.high[f]);
    program.narrow &= (uint64_t)from.high[f] - (uint64_t)from.low[f] < 256;
    program.scaling.offset.push_back(from.offset[f]), program.scaling.scale.push_back(from.scale[f]);
    program.scaling.low.push_back((double)from.low[f]), program.scaling.high.push_back((double)from.high[f]);
    program.scaling.plain &= from.offset[f] == 0 && from.scale[f] == 1;
    program.is_bytes &= from.low[f] >= 0 && from.high[f] < 256;
    program.biased |= from.low[f] != 0;
    program.bounded |= from.high[f] != 255;
  }
  for (int64_t bit = 0; bit < from.bits; ++bit)
    if (slots.is_read(1 + bit)) program.bits.push_back({from.feature[bit], (uint32_t)(1 + bit), from.threshold[bit]});
  std::stable_sort(program.bits.begin(), program.bits.end(),
                   [](const Bit &a, const Bit &b) { return a.feature < b.feature; });
  for (Bit &bit : program.bits) {
    slots.take(bit.slot);
    bit.slot = slots.of[bit.slot];
    const uint16_t column = bit.feature % CHUNK * WORD;
    const int64_t threshold = bit.threshold - from.low[bit.feature];
    if (program.narrow) program.byte_bits.push_back({bit.slot, column, (uint8_t)threshold});
  }
  for (int64_t start = 0, b = 0; start < from.features + CHUNK; start += CHUNK) {
    while (b < (int64_t)program.bits.size() && program.bits[b].feature < start) ++b;
    program.chunk.push_back(b);
  }
}

inline void build_votes(Program &program, const Classifier &from, const std::vector<Literal> &votes,
                        const Slots &slots) {
  program.classes = from.classes;
  std::vector<std::vector<uint32_t>> with(2 * from.classes);
  std::vector<int64_t> most(from.classes);
  program.constant.resize(from.classes);
  for (int64_t i = 0; i < from.outputs; ++i) {
    const int64_t c = from.group[i];
    ++most[c];
    const uint32_t complement = votes[i] & 1, slot = slots.of[votes[i] >> 1];
    if (votes[i] >> 1) with[2 * c + complement].push_back(slot);
    else program.constant[c] += complement;
    program.output.push_back((votes[i] >> 1 ? 2 * (1 + slot) : 0) + complement);
  }
  program.first.push_back(0);
  for (int64_t c = 0; c < 2 * from.classes; ++c) {
    std::sort(with[c].begin(), with[c].end()); // memory is read in order
    program.votes.insert(program.votes.end(), with[c].begin(), with[c].end());
    (c % 2 ? program.first : program.inverted).push_back(program.votes.size());
  }
  const int64_t largest = *std::max_element(most.begin(), most.end());
  for (program.planes = 1; largest >> program.planes;) ++program.planes;
}

// side_by_side: the instructions of a level may be executed in any order, as none writes a slot that
// another one reads; this takes more slots.
inline Program *build(const Classifier &from, bool side_by_side = false) {
  std::vector<Literal> votes;
  const std::vector<Operation> operations = operations_of(from, votes);
  const uint32_t first = 1 + from.bits;
  std::unique_ptr<Program> program(new Program);
  const std::vector<uint32_t> order = scheduled(operations, first, votes, program->levels);
  Slots slots(first + operations.size());
  for (uint32_t when = 0; when < order.size(); ++when)
    for (int pin = 0; pin < inputs_of(operations[order[when]]); ++pin)
      slots.read(operations[order[when]].input[pin], when);
  for (Literal vote : votes) slots.read(vote >> 1, order.size());
  build_bits(*program, from, slots);
  build_gates(*program, operations, order, first, side_by_side, slots);
  build_votes(*program, from, votes, slots);
  program->slots = slots.count;
  return program.release();
}

} // namespace lgn
