// Arithmetic shared by the C++ and the CUDA kernels: noise, tables and their gradients.
//
// Every function is a template over F, a float or a vector of floats, and U, the unsigned integer
// or vector of them beside it. Additions, multiplications and divisions are rounded one by one (no
// contraction to fused multiply-add: see the compilers' options in build.py), and Python states
// the same operations in the same order, so that noise and the choice of tables are equal bit for
// bit on every device. What is only a gradient (exp, softmax) need not be.
#pragma once
#include <stdint.h>

#ifdef __CUDACC__
#define LGN_FN __host__ __device__ __forceinline__
#else
#define LGN_FN inline __attribute__((always_inline))
#endif

namespace lgn {

enum Parametrization { RAW = 0, LIGHT = 1, WALSH = 2 };

constexpr int GATES = 16; // the tables of two inputs, each named by its bits
constexpr uint16_t GATES_WITH_BIT[4] = {0xAAAA, 0xCCCC, 0xF0F0, 0xFF00};
constexpr int MAX_ENTRIES = 64; // entries of a table of six inputs

// How a scalar behaves as one lane; lanes.h says the same of a vector.
LGN_FN uint32_t bits_of(float x) {
  union { float f; uint32_t u; } both;
  both.f = x;
  return both.u;
}
LGN_FN float float_of_bits(uint32_t x) {
  union { float f; uint32_t u; } both;
  both.u = x;
  return both.f;
}
LGN_FN float to_float(uint32_t x) { return (float)(int32_t)x; } // of the integer, signed
LGN_FN uint32_t shift_arithmetic(uint32_t x, int by) { return (uint32_t)((int32_t)x >> by); }
LGN_FN void multiply_wide(uint32_t a, uint32_t b, uint32_t &high, uint32_t &low) {
  uint64_t product = (uint64_t)a * b;
  high = (uint32_t)(product >> 32);
  low = (uint32_t)product;
}

} // namespace lgn

#ifndef __CUDACC__
#include "lanes.h" // before the templates, which find its overloads only if they are known here
#endif

namespace lgn {

// Philox4x32-10 (Salmon et al., SC 2011): four words of a counter under a key of two words.
template <class U> LGN_FN void philox(U c[4], uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    U high0, low0, high1, low1;
    multiply_wide(c[0], 0xD2511F53u, high0, low0);
    multiply_wide(c[2], 0xCD9E8D57u, high1, low1);
    c[0] = high1 ^ c[1] ^ key0;
    c[2] = high0 ^ c[3] ^ key1;
    c[1] = low1;
    c[3] = low0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

// The natural logarithm of a normal positive number, to about one unit in the last place:
// x = m * 2**e with m in [sqrt(1/2), sqrt(2)), and log m = 2 atanh(s), s = (m - 1) / (m + 1).
template <class F, class U> LGN_FN F logarithm(F x) {
  U bits = bits_of(x);
  // 0x3F3504F3 is the float nearest to sqrt(1/2): subtracting it before the shift moves the border
  // between two exponents there, so that m is centred about 1.
  U exponent = shift_arithmetic(bits - 0x3F3504F3u, 23);
  F f = float_of_bits(bits - (exponent << 23)) - 1.0f;
  F s = f / (f + 2.0f);
  F z = s * s;
  // The series of 2 atanh(s) / s in z = s * s: 2/3, 2/5, 2/7, 2/9, 2/11, by Horner's rule.
  F series = z * 0.18181819f + 0.22222222f;
  series = series * z + 0.2857143f;
  series = series * z + 0.4f;
  series = series * z + 0.6666667f;
  return to_float(exponent) * 0.6931472f + ((s + s) + (s * z) * series);
}

// A number in (0, 1) of a random word: 2**23 values, symmetric about 0.5.
template <class F, class U> LGN_FN F uniform(U word) {
  return (to_float(word >> 9) + 0.5f) * 1.1920929e-07f;
}
template <class F, class U> LGN_FN F gumbel(U word) {
  return -logarithm<F, U>(-logarithm<F, U>(uniform<F, U>(word)));
}
template <class F, class U> LGN_FN F logistic(U word) {
  F u = uniform<F, U>(word);
  return logarithm<F, U>(u) - logarithm<F, U>(1.0f - u);
}

// e**x of x <= 0, to about two units in the last place; below -87 that of -87, which is 2e-38.
template <class F, class U> LGN_FN F exponential(F x) {
  F least = x - x - 87.0f;
  x = x < -87.0f ? least : x;
  F turns = x * 1.442695f + 12582912.0f; // 1.5 * 2**23: rounds to an integer in the low bits
  U scale = bits_of(turns) << 23;
  F whole = turns - 12582912.0f;
  // log 2 in two parts, the first with few bits: whole times it is exact, and so is the difference
  // (Cody and Waite).
  F r = (x - whole * 0.693359375f) + whole * 2.1219444e-4f;
  F series = r * 0.0013888889f + 0.008333334f;
  series = series * r + 0.041666668f;
  series = series * r + 0.16666667f;
  series = series * r + 0.5f;
  series = series * r + 1.0f;
  series = series * r + 1.0f;
  return float_of_bits(bits_of(series) + scale);
}

template <class F, class U> LGN_FN F sigmoid(F x) {
  F e = exponential<F, U>(x < 0.0f ? x : -x);
  // e**-|x| never overflows; which of e / (e + 1) and 1 / (e + 1) is meant, the sign says.
  return (x < 0.0f ? e : e * 0.0f + 1.0f) / (e + 1.0f);
}

// Walsh-Hadamard transform in place; the order of additions is part of the definition.
template <class F> LGN_FN void walsh_hadamard(F *values, int count) {
  for (int half = 1; half < count; half *= 2)
    for (int start = 0; start < count; start += 2 * half)
      for (int i = start; i < start + half; ++i) {
        F a = values[i], b = values[i + half];
        values[i] = a + b;
        values[i + half] = a - b;
      }
}

// Add the noise of nodes to their scores[count]: Gumbel for raw, logistic for entries.
// quad: the counter of the node's first four words.
template <class F, class U>
LGN_FN void add_noise(F *scores, int count, bool raw, U quad, uint32_t stream, uint64_t seed,
                      uint64_t step) {
  for (int i = 0; i < count; i += 4) {
    U zero = quad ^ quad;
    // The counter: place of the four words, stream (what the noise is for), and the step in two
    // halves; the key is the seed. So noise needs no state, and every node can be drawn anywhere.
    U words[4] = {quad + (uint32_t)(i / 4), zero + stream, zero + (uint32_t)step,
                  zero + (uint32_t)(step >> 32)};
    philox(words, (uint32_t)seed, (uint32_t)(seed >> 32));
    for (int j = 0; j < 4; ++j)
      scores[i + j] = scores[i + j] + (raw ? gumbel<F, U>(words[j]) : logistic<F, U>(words[j]));
  }
}

// The likeliest gate of scores[16], the lowest on a tie.
template <class F, class U> LGN_FN U likeliest_gate(const F *scores) {
  F best = scores[0];
  U gate = bits_of(best) ^ bits_of(best);
  for (int i = 1; i < GATES; ++i) {
    gate = scores[i] > best ? (gate ^ gate) + (uint32_t)i : gate;
    best = scores[i] > best ? scores[i] : best;
  }
  return gate;
}

// Turn scores[16] into probabilities in place, and give the soft table[4].
template <class F, class U> LGN_FN void soft_gates(F *scores, F *table, F scale) {
  F best = scores[0];
  for (int i = 1; i < GATES; ++i) best = scores[i] > best ? scores[i] : best;
  F sum = best - best;
  for (int i = 0; i < GATES; ++i) {
    scores[i] = exponential<F, U>((scores[i] - best) * scale);
    sum = sum + scores[i];
  }
  F share = 1.0f / sum;
  for (int j = 0; j < 4; ++j) table[j] = sum - sum;
  for (int i = 0; i < GATES; ++i) {
    scores[i] = scores[i] * share;
    for (int j = 0; j < 4; ++j)
      if (i >> j & 1) table[j] = table[j] + scores[i];
  }
}

// The gradient of a node's 16 logits, of that of its soft table[4]: p_i / t * (sum over j of
// (bit j of i - table_j) * d_j), the softmax's Jacobian.
template <class F>
LGN_FN F gate_gradient(F p, int gate, const F *d_table, F mean, float scale) {
  F along = -mean;
  for (int j = 0; j < 4; ++j)
    if (gate >> j & 1) along = along + d_table[j];
  return p * along * scale;
}

} // namespace lgn
