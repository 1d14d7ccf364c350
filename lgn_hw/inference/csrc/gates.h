// The interpreter: a loop for each function, over its instructions.
#pragma once
#include <array>
#include <utility>

#include "logic.h"
#include "program.h"

namespace lgn {

template <class V> using Step = const uint32_t *(*)(const uint32_t *code, uint32_t count, V *slots);

template <int TABLE, class V>
const uint32_t *run_two(const uint32_t *code, uint32_t count, V *slots) {
#pragma GCC unroll 4
  for (const uint32_t *end = code + 3 * (size_t)count; code < end; code += 3)
    slots[code[2]] = two<TABLE>(slots[code[0]], slots[code[1]]);
  return code;
}

template <int TABLE, class V>
const uint32_t *run_three(const uint32_t *code, uint32_t count, V *slots) {
  for (const uint32_t *end = code + 4 * (size_t)count; code < end; code += 4)
    slots[code[3]] = three<TABLE>(slots[code[0]], slots[code[1]], slots[code[2]]);
  return code;
}

// The smallest table that an exchange of inputs makes of one: the others need no loop.
struct Canonical {
  int table;
  int from[3]; // input i of the table is input from[i] of the given one
};
constexpr Canonical canonical(int given, int inputs) {
  constexpr int ORDERS[6][3] = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};
  Canonical best = {256, {0, 1, 2}};
  for (int o = 0; o < (inputs == 2 ? 2 : 6); ++o) {
    int table = 0;
    for (int index = 0; index < 1 << inputs; ++index) {
      int there = 0;
      for (int i = 0; i < inputs; ++i) there |= (index >> i & 1) << ORDERS[o][i];
      table |= (given >> there & 1) << index;
    }
    if (table < best.table) best = {table, {ORDERS[o][0], ORDERS[o][1], ORDERS[o][2]}};
  }
  return best;
}

// Functions that programs hold: 0 for inputs of 0 only (else the complement is computed).
constexpr bool is_used(int table, int inputs) {
  return !(table & 1) && canonical(table, inputs).table == table;
}

template <class V, int I> constexpr Step<V> step() {
  if constexpr (I < THREE) {
    if constexpr (is_used(I, 2)) return run_two<I, V>;
    else return nullptr;
  } else {
    if constexpr (is_used(I - THREE, 3)) return run_three<I - THREE, V>;
    else return nullptr;
  }
}

template <class V, int... I> constexpr std::array<Step<V>, FUNCTIONS> steps(std::integer_sequence<int, I...>) {
  return {step<V, I>()...};
}

template <class V> void run_gates(const Program &program, V *slots) {
  static constexpr auto STEPS = steps<V>(std::make_integer_sequence<int, FUNCTIONS>());
  const uint32_t *code = program.code.data();
  for (const Run &run : program.runs) code = STEPS[run.function](code, run.count, slots);
}

} // namespace lgn
