// From the host's program to the device's: gates with their functions as polynomials, votes in parts.
#pragma once
#include <stdexcept>
#include <vector>

#include "program.cuh"

namespace lgn {

struct CudaError {
  cudaError_t error;
};
inline void check(cudaError_t error) {
  if (error) throw CudaError{error};
}

// Memory of the device that lives as long as this.
class Memory {
public:
  Memory() = default;
  Memory(const Memory &) = delete;
  ~Memory() { cudaFree(at); }
  // At least so many bytes; what was there before is lost where it has to grow.
  void *with(size_t bytes) {
    if (bytes > size) {
      check(cudaFree(at));
      at = nullptr, size = 0;
      check(cudaMalloc(&at, bytes));
      size = bytes;
    }
    return at;
  }

private:
  void *at = nullptr;
  size_t size = 0;
};

// Copies arrays to the device one behind the other: first all of them are put in, then they are sent.
class Upload {
public:
  template <class T> void put(const T *&place, const std::vector<T> &from) {
    bytes.resize((bytes.size() + 15) / 16 * 16);
    places.push_back({(const void **)&place, bytes.size()});
    bytes.insert(bytes.end(), (const char *)from.data(), (const char *)(from.data() + from.size()));
  }
  void send(Memory &memory) {
    char *to = (char *)memory.with(bytes.size() + 1); // never nothing
    check(cudaMemcpy(to, bytes.data(), bytes.size(), cudaMemcpyHostToDevice));
    for (const Place &place : places) *place.pointer = to + place.start;
  }

private:
  struct Place {
    const void **pointer;
    size_t start;
  };
  std::vector<char> bytes;
  std::vector<Place> places;
};

// The coefficients of a truth table: its Moebius transform.
inline uint32_t polynomial(uint32_t table, int inputs) {
  for (int v = 0; v < inputs; ++v)
    for (int i = 0; i < 1 << inputs; ++i)
      if (i >> v & 1) table ^= (table >> (i ^ 1 << v) & 1) << i;
  return table;
}

constexpr uint32_t MAX_SLOTS = 1 << 24; // that a gate can name

inline std::vector<uint4> gates_of(const Program &program) {
  if (program.slots > MAX_SLOTS) throw std::bad_alloc();
  std::vector<uint4> gates;
  gates.reserve(program.instructions);
  const uint32_t *code = program.code.data();
  for (const Run &run : program.runs) {
    const int inputs = run.function < THREE ? 2 : 3;
    const uint32_t function = polynomial(inputs == 2 ? run.function : run.function - THREE, inputs);
    for (uint32_t i = 0; i < run.count; ++i, code += inputs + 1) {
      uint4 gate;
      gate.x = code[0], gate.y = code[1], gate.z = code[inputs - 1], gate.w = code[inputs] | function << 24;
      gates.push_back(gate);
    }
  }
  return gates;
}

inline std::vector<uint32_t> tiles_of(const Program &program) {
  std::vector<uint32_t> tiles;
  uint32_t bit = 0;
  for (int64_t start = 0; start < program.features + TILE_FEATURES; start += TILE_FEATURES) {
    while (bit < program.bits.size() && program.bits[bit].feature < start) ++bit;
    tiles.push_back(bit);
  }
  return tiles;
}

inline std::vector<VotePart> parts_of(const Program &program, std::vector<int32_t> &first_part) {
  std::vector<VotePart> parts;
  auto add = [&](int64_t first, int64_t last, uint64_t invert) {
    for (; first < last; first += PART)
      parts.push_back({(uint32_t)first, (uint32_t)(first + PART < last ? first + PART : last), invert});
  };
  for (int64_t c = 0; c < program.classes; ++c) {
    first_part.push_back((int32_t)parts.size());
    add(program.first[c], program.inverted[c], 0);
    add(program.inverted[c], program.first[c + 1], ~(uint64_t)0);
  }
  first_part.push_back((int32_t)parts.size());
  return parts;
}

// Fill a program for the device, whose arrays lie in memory. Raises CudaError.
inline DeviceProgram uploaded(const Program &program, const std::vector<int64_t> &low,
                              const std::vector<int64_t> &high, Memory &memory) {
  std::vector<int32_t> first_part;
  const std::vector<VotePart> parts = parts_of(program, first_part);
  DeviceProgram to = {};
  to.features = (int32_t)program.features, to.classes = (int32_t)program.classes;
  to.levels = (int32_t)program.levels.size(), to.parts = (int32_t)parts.size();
  to.slots = program.slots, to.bounded = program.biased || program.bounded;
  Upload upload;
  upload.put(to.low, low), upload.put(to.high, high);
  upload.put(to.bits, program.bits), upload.put(to.tiles, tiles_of(program));
  upload.put(to.gates, gates_of(program)), upload.put(to.ends, program.levels);
  upload.put(to.votes, program.votes), upload.put(to.of, parts);
  upload.put(to.first_part, first_part), upload.put(to.constant, program.constant);
  upload.send(memory);
  return to;
}

} // namespace lgn
