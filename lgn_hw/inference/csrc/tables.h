// Tables of up to six inputs as operations of two and three inputs.
//
// A literal is 2 * value + 1 where its complement is meant. A table has 64 entries, whatever it reads.
#pragma once
#include <array>
#include <utility>
#include <vector>

#include "gates.h"

namespace lgn {

using Literal = uint32_t;
constexpr Literal FALSE = 0, TRUE = 1; // value 0 is constant

struct Operation {
  Literal input[3];  // values, not complements
  uint16_t function; // as in Run
};

constexpr uint64_t VARIABLE[6] = {0xAAAAAAAAAAAAAAAA, 0xCCCCCCCCCCCCCCCC, 0xF0F0F0F0F0F0F0F0,
                                  0xFF00FF00FF00FF00, 0xFFFF0000FFFF0000, 0xFFFFFFFF00000000};

inline uint64_t cofactor(uint64_t table, int v, bool value) {
  const uint64_t half = value ? table & VARIABLE[v] : table & ~VARIABLE[v];
  return value ? half | half >> (1 << v) : half | half << (1 << v);
}

inline bool reads(uint64_t table, int v) { return cofactor(table, v, false) != cofactor(table, v, true); }

struct Exchanges {
  Canonical of[256];
  explicit Exchanges(int inputs) {
    for (int table = 0; table < 1 << (1 << inputs); ++table) of[table] = canonical(table, inputs);
  }
};

class Builder {
public:
  std::vector<Operation> operations; // operation i computes value first + i
  uint32_t first;                    // constant and inputs come before

  explicit Builder(uint32_t first) : first(first) {}

  // The literal of a node that reads literals.
  Literal node(uint64_t table, int arity, const Literal *literals) {
    for (int v = arity; v < 6; ++v) table = cofactor(table, v, false);
    for (int v = 0; v < arity; ++v) {
      input[v] = literals[v] & ~1u;
      if (literals[v] & 1) table = exchanged(table, v);
      if (input[v] == FALSE) table = cofactor(table, v, false);
      for (int w = 0; w < v; ++w)
        if (input[w] == input[v]) table = merged(table, w, v);
    }
    known.clear();
    return literal(table);
  }

private:
  Literal input[6];
  std::vector<std::pair<uint64_t, Literal>> known; // tables of this node that have been built

  static uint64_t exchanged(uint64_t table, int v) {
    return (table & VARIABLE[v]) >> (1 << v) | (table & ~VARIABLE[v]) << (1 << v);
  }

  // The table where input v is input w.
  static uint64_t merged(uint64_t table, int w, int v) {
    return (cofactor(table, v, false) & ~VARIABLE[w]) | (cofactor(table, v, true) & VARIABLE[w]);
  }

  Literal literal(uint64_t table) {
    const bool complement = table & 1;
    if (complement) table = ~table;
    if (!table) return complement;
    for (const auto &[before, made] : known)
      if (before == table) return made ^ complement;
    const Literal made = positive(table);
    known.push_back({table, made});
    return made ^ complement;
  }

  Literal positive(uint64_t table) {
    int variables[6], count = 0;
    for (int v = 0; v < 6; ++v)
      if (reads(table, v)) variables[count++] = v;
    if (count == 1) return input[variables[0]] ^ (Literal)(table & 1);
    if (count <= 3) {
      int small = 0;
      Literal inputs[3] = {};
      for (int i = 0; i < count; ++i) inputs[i] = input[variables[i]];
      for (int index = 0; index < 1 << count; ++index) {
        int entry = 0;
        for (int i = 0; i < count; ++i) entry |= (index >> i & 1) << variables[i];
        small |= (int)(table >> entry & 1) << index;
      }
      return operation(small, count, inputs);
    }
    return split(table, variables, count);
  }

  // Shannon's expansion at the input that leaves the least to build.
  Literal split(uint64_t table, const int *variables, int count) {
    int best = -1, least = 1 << 20;
    for (int i = 0; i < count; ++i) {
      const uint64_t low = cofactor(table, variables[i], false), high = cofactor(table, variables[i], true);
      const int cost = cost_of(low) + (high == ~low ? 0 : cost_of(high));
      if (cost < least) least = cost, best = variables[i];
    }
    const uint64_t low = cofactor(table, best, false), high = cofactor(table, best, true);
    const Literal zero = literal(low), one = high == ~low ? zero ^ 1 : literal(high), x = input[best];
    const Literal inputs[3] = {zero & ~1u, one & ~1u, x};
    // Of zero, one and x, complements undone: x ? one : zero.
    int choice = 0;
    for (int index = 0; index < 8; ++index) {
      const int value = index & 4 ? (index >> 1 & 1) ^ (one & 1) : (index & 1) ^ (zero & 1);
      choice |= value << index;
    }
    return joined(choice, inputs);
  }

  static int cost_of(uint64_t table) {
    constexpr int COST[7] = {0, 0, 1, 1, 3, 7, 15};
    int count = 0;
    for (int v = 0; v < 6; ++v) count += reads(table, v);
    return COST[count];
  }

  // A table of three inputs some of which may be constant or the same.
  Literal joined(int choice, const Literal (&inputs)[3]) {
    uint64_t table = 0;
    for (int index = 0; index < 64; ++index) table |= (uint64_t)(choice >> (index & 7) & 1) << index;
    const std::array<Literal, 6> saved = {input[0], input[1], input[2], input[3], input[4], input[5]};
    for (int v = 0; v < 3; ++v) {
      input[v] = inputs[v];
      if (input[v] == FALSE) table = cofactor(table, v, false);
      for (int w = 0; w < v; ++w)
        if (input[w] == input[v]) table = merged(table, w, v);
    }
    const bool complement = table & 1;
    const Literal made = table == 0 || ~table == 0 ? FALSE : positive(complement ? ~table : table);
    for (int v = 0; v < 6; ++v) input[v] = saved[v];
    return made ^ complement;
  }

  Literal operation(int table, int count, const Literal *inputs) {
    static const Exchanges PAIRS(2), TRIPLES(3);
    const Canonical &found = (count == 2 ? PAIRS : TRIPLES).of[table];
    Operation made = {{0, 0, 0}, (uint16_t)(count == 2 ? found.table : THREE + found.table)};
    for (int i = 0; i < count; ++i) made.input[i] = inputs[found.from[i]] >> 1;
    operations.push_back(made);
    return 2 * (first + (uint32_t)operations.size() - 1);
  }
};

} // namespace lgn
