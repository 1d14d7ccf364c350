// The inference engine on a GPU, as cuda_engine.py calls it: the program of engine.cpp, whose gates
// are computed side by side, level by level, for the samples of a block.
#include <algorithm>
#include <memory>
#include <mutex>
#include <new>

#include "build.h"
#include "cuda/run.cuh"
#include "cuda/upload.cuh"

namespace lgn {

constexpr int OUT_OF_RANGE = -1, NO_MEMORY = -2, ELSEWHERE = -3; // other numbers are CUDA's errors
constexpr size_t ROOM_BYTES = 1 << 30;    // of slots outside of shared memory, of all blocks
constexpr int ROOM_SHIFT = 2;             // words, as a shift, of a block whose slots are there
constexpr unsigned long long NONE = ~0ull;

// The device is the present one while this lives, and then the one before it again.
struct OnDevice {
  int before = 0, device;
  explicit OnDevice(int device) : device(device) {
    cudaGetDevice(&before);
    if (before != device) cudaSetDevice(device);
  }
  ~OnDevice() {
    if (before != device) cudaSetDevice(before);
  }
};

struct Engine {
  int device, processors = 0, shared_bytes = 0;
  std::mutex one_call; // a call works in the memory below
  DeviceProgram program;
  Memory arrays, codes, results, scratch, wrong;

  Engine(const Classifier &from, int device) : device(device) {
    check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device));
    check(cudaDeviceGetAttribute(&shared_bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
    const std::unique_ptr<Program> made(build(from, true));
    program = uploaded(*made, {from.low, from.low + from.features}, {from.high, from.high + from.features},
                       arrays);
  }

  template <class Code, class Load> void launch(const Samples<Code> &samples) {
    const size_t slots = program.slots + (size_t)program.parts * PART_PLANES;
    const size_t tile = ROW<Code> * sizeof(Code) * WORD_SAMPLES, own = tile + slots * sizeof(uint64_t);
    auto shift_for = [&](int most, size_t bytes) {
      while (most >= 0 && bytes << most > (size_t)shared_bytes) --most;
      return most;
    };
    const bool is_shared = shift_for(0, own) == 0;
    const int shift = is_shared ? shift_for(MAX_SHIFT, own) : std::max(0, shift_for(ROOM_SHIFT, tile));
    const int words = 1 << shift;
    const int64_t blocks = (samples.count + words * WORD_SAMPLES - 1) / (words * WORD_SAMPLES);
    const size_t most = std::max<size_t>(1, ROOM_BYTES / (slots * words * sizeof(uint64_t)));
    const int64_t grid = std::min<int64_t>({blocks, 8 * processors, is_shared ? blocks : (int64_t)most});
    void *values = is_shared ? nullptr : scratch.with(grid * slots * words * sizeof(uint64_t));
    const size_t bytes = words * (is_shared ? own : tile);
    auto kernel = run_program<Code, Load>;
    check(cudaFuncSetAttribute((const void *)kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)bytes));
    run_program<Code, Load><<<(unsigned)grid, THREADS, bytes>>>(program, samples, shift, (uint64_t *)values);
    check(cudaGetLastError());
  }

  template <class Code> void launch_any(const Samples<Code> &samples) {
    const bool in_fours = program.features % 4 == 0 && (uintptr_t)samples.codes % 4 == 0;
    if constexpr (sizeof(Code) == 1) {
      if (in_fours) return launch<Code, uint32_t>(samples);
    }
    launch<Code, Code>(samples);
  }

  // Run on codes[count, features] of the host or of this device, results to the host; found: the index
  // and the value of the first code that is out of range.
  template <class Code>
  int run(const Code *from, bool is_there, int64_t count, int64_t batch_bytes, int32_t *scores,
          int32_t *chosen, int64_t *found) {
    const int64_t row = program.features * sizeof(Code);
    const int64_t batch = std::max<int64_t>(1, batch_bytes / std::max<int64_t>(1, row));
    auto *first_wrong = (unsigned long long *)wrong.with(sizeof NONE);
    for (int64_t start = 0; start < count; start += batch) {
      Samples<Code> samples = {from + start * program.features, std::min(batch, count - start)};
      const int64_t numbers = samples.count * (scores ? program.classes : 1);
      if (!is_there) {
        void *to = codes.with(samples.count * row + 1); // never nothing
        check(cudaMemcpy(to, samples.codes, samples.count * row, cudaMemcpyHostToDevice));
        samples.codes = (const Code *)to;
      }
      auto *to = (int32_t *)results.with(numbers * sizeof(int32_t));
      (scores ? samples.scores : samples.chosen) = to;
      samples.wrong = first_wrong;
      check(cudaMemcpy(first_wrong, &NONE, sizeof NONE, cudaMemcpyHostToDevice));
      launch_any(samples);
      unsigned long long index = NONE;
      check(cudaMemcpy(&index, first_wrong, sizeof index, cudaMemcpyDeviceToHost));
      if (index != NONE) {
        Code code;
        check(cudaMemcpy(&code, samples.codes + index, sizeof code, cudaMemcpyDeviceToHost));
        found[0] = start * program.features + (int64_t)index, found[1] = code;
        return OUT_OF_RANGE;
      }
      int32_t *home = scores ? scores + start * program.classes : chosen + start;
      check(cudaMemcpy(home, to, numbers * sizeof(int32_t), cudaMemcpyDeviceToHost));
    }
    return 0;
  }
};

// Return what work returns, or why it could not be done.
template <class Work> int status_of(int device, const Work &work) {
  OnDevice guard(device);
  try {
    return work();
  } catch (const CudaError &problem) {
    cudaGetLastError(); // so that nobody else finds it
    return problem.error;
  } catch (const std::bad_alloc &) {
    return NO_MEMORY;
  }
}

} // namespace lgn

// Each returns 0, CUDA's error, or one of the numbers above.
extern "C" {

const char *lgn_cuda_error(int error) { return cudaGetErrorString((cudaError_t)error); }

int lgn_cuda_build(const lgn::Classifier *from, int device, lgn::Engine **engine) {
  return lgn::status_of(device, [&] { return *engine = new lgn::Engine(*from, device), 0; });
}

void lgn_cuda_free(lgn::Engine *engine) {
  lgn::OnDevice guard(engine->device);
  delete engine;
}

// codes[samples, features] of `bytes` bytes each, unsigned where that is one; is_there: on the device.
// batch: how many bytes of them are on the device at a time. Either scores or chosen is null.
int lgn_cuda_run(lgn::Engine *engine, const void *codes, int is_there, int64_t bytes, int64_t samples,
                 int64_t batch, int32_t *scores, int32_t *chosen, int64_t *found) {
  std::lock_guard<std::mutex> lock(engine->one_call);
  return lgn::status_of(engine->device, [&] {
    if (is_there) {
      cudaPointerAttributes of = {};
      lgn::check(cudaPointerGetAttributes(&of, codes));
      if (of.type != cudaMemoryTypeDevice || of.device != engine->device) return lgn::ELSEWHERE;
      lgn::check(cudaDeviceSynchronize()); // whichever stream made the codes
    }
    if (bytes == 1) return engine->run((const uint8_t *)codes, is_there, samples, batch, scores, chosen, found);
    if (bytes == 4) return engine->run((const int32_t *)codes, is_there, samples, batch, scores, chosen, found);
    return engine->run((const int64_t *)codes, is_there, samples, batch, scores, chosen, found);
  });
}

} // extern "C"
