// The runtime of include/cuda_runtime.h: blocks, fibers and collectives, and what goes wrong in
// them. Over the usual length: fibers and collectives are two sides of one state.
#include "cuda_runtime.h"
#include "emu.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace emu {

namespace {

constexpr size_t STACK = 256 << 10;
constexpr unsigned MAX_THREADS = 1024;
constexpr size_t USUAL_SHARED = 48 << 10;
constexpr int DEVICES = 4;
constexpr int PROCESSORS = 1; // so that a block of threads gets several blocks of samples
constexpr int POISON = 0xFB; // as a float -2.6e36, as an integer far out of every range

enum State { READY, WAITING, DONE };

struct Fiber : Thread {
  ucontext_t context;
  char *stack = nullptr;
  bool begun = false; // its context stands in the loop of `body`
  void *fake_stack = nullptr;
  State state;
  unsigned number, warp;
  // What a waiting fiber asks for, and what it gets.
  Kind kind;
  unsigned mask;
  uint64_t value, result;
  int source, line;
};

struct Shared {
  void *memory;
  size_t bytes;
};

std::mutex one_launch;
std::vector<std::unique_ptr<Fiber>> pool;
ucontext_t scheduler;
const std::function<void()> *task;
std::map<int, Shared> shared; // of the block, by line; 0 is the dynamic one
size_t shared_bytes;
const Place *place;
cudaError_t last_error = cudaSuccess;
std::string messages;
long problems;
std::vector<Launch> launches;
int order = FORWARD;
bool dry;
int64_t first_block = 0, last_block = INT64_MAX;
size_t max_shared = USUAL_SHARED; // of a block
size_t asked_shared = USUAL_SHARED; // that kernels have asked for
std::map<const char *, size_t> allocated;   // on the device
long left_until_full = -1;                  // allocations, where that is 0 or more
int device = 0, expected_device = 0; // the present one, and that which launches must find
#if defined(__SANITIZE_ADDRESS__)
const void *scheduler_stack;
size_t scheduler_size;
#endif

void enter(Fiber &fiber) {
  now = &fiber;
#if defined(__SANITIZE_ADDRESS__)
  void *fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, fiber.stack, STACK);
  swapcontext(&scheduler, &fiber.context);
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#else
  swapcontext(&scheduler, &fiber.context);
#endif
  now = nullptr;
}

void leave(Fiber &fiber) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&fiber.fake_stack, scheduler_stack, scheduler_size);
  swapcontext(&fiber.context, &scheduler);
  __sanitizer_finish_switch_fiber(fiber.fake_stack, &scheduler_stack, &scheduler_size);
#else
  swapcontext(&fiber.context, &scheduler);
#endif
}

void body() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &scheduler_stack, &scheduler_size);
#endif
  for (;;) {
    Fiber &fiber = *(Fiber *)now;
    (*task)();
    fiber.state = DONE;
    leave(fiber);
  }
}

Fiber &fiber_of(unsigned number) {
  while (pool.size() <= number) {
    auto fiber = std::make_unique<Fiber>();
    fiber->stack = (char *)mmap(nullptr, STACK, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    pool.push_back(std::move(fiber));
  }
  Fiber &fiber = *pool[number];
  if (!fiber.begun) {
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack;
    fiber.context.uc_stack.ss_size = STACK;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, body, 0);
    fiber.begun = true;
  }
  return fiber;
}

const char *name_of(Kind kind) {
  const char *const names[] = {"__shfl", "__ballot", "__syncwarp", "__syncthreads"};
  return names[kind];
}

std::string where(const Fiber &f) {
  char text[200];
  snprintf(text, sizeof text, "block (%u,%u,%u) thread %u (warp %u lane %u)", f.block_index.x,
           f.block_index.y, f.block_index.z, f.number, f.warp, f.lane);
  return text;
}

struct Block {
  std::vector<Fiber *> fibers;
  std::vector<std::vector<Fiber *>> warps;
};

uint32_t mix(uint32_t x) { // a hash, for an order of execution
  x ^= x >> 16, x *= 0x7FEB352Du, x ^= x >> 15, x *= 0x846CA68Bu;
  return x ^ x >> 16;
}

template <class T> std::vector<T> ordered(std::vector<T> items, uint32_t salt) {
  size_t n = items.size();
  if (order == REVERSED)
    for (size_t i = 0; i < n / 2; ++i) std::swap(items[i], items[n - 1 - i]);
  if (order == SHUFFLED)
    for (size_t i = n; i > 1; --i) std::swap(items[i - 1], items[mix(salt + i) % i]);
  return items;
}

// Let those who wait for a warp's collective go on, where all whom it names are there.
bool release(std::vector<Fiber *> &warp) {
  for (Fiber *asking : warp) {
    if (asking->state != WAITING || asking->kind == SYNC_BLOCK) continue;
    bool all = true, exited = false;
    std::vector<Fiber *> members(WARP, nullptr);
    for (Fiber *other : warp) {
      if (!(asking->mask >> other->lane & 1)) continue;
      bool there = other->state == WAITING && other->kind == asking->kind &&
                   other->line == asking->line && other->mask == asking->mask;
      if (other->state == DONE)
        exited = true;
      else if (!there)
        all = false;
      if (there) members[other->lane] = other;
    }
    if (!all) continue;
    unsigned present = 0;
    for (Fiber *other : warp) present |= 1u << other->lane;
    if (exited || (asking->mask & ~present))
      report(place->file, asking->line,
             "%s: %s with mask %08x names lanes that have ended or are not in the block",
             where(*asking).c_str(), name_of(asking->kind), asking->mask);
    uint64_t ballot = 0;
    for (int lane = 0; lane < WARP; ++lane)
      if (members[lane] && members[lane]->value) ballot |= 1ull << lane;
    for (Fiber *member : members) {
      if (!member) continue;
      member->result = ballot;
      if (member->kind == SHUFFLE) {
        Fiber *source = member->source >= 0 && member->source < WARP ? members[member->source]
                                                                     : nullptr;
        if (!source)
          report(place->file, member->line, "%s reads lane %d, which takes no part",
                 where(*member).c_str(), member->source);
        member->result = source ? source->value : 0xFBFBFBFBFBFBFBFBull;
      }
      member->state = READY;
    }
    if (asking->kind == SYNC_WARP) trace_warp_barrier(asking->warp, asking->mask);
    return true;
  }
  return false;
}

// Run a block to its end; false where its threads wait for each other forever.
bool run_block(Block &block, uint32_t salt) {
  size_t done = 0;
  uint32_t round = 0;
  while (true) {
    bool moved = false;
    for (auto &warp : ordered(block.warps, salt + ++round)) {
      do {
        for (Fiber *fiber : ordered(warp, salt + ++round))
          if (fiber->state == READY) {
            moved = true;
            enter(*fiber);
            done += fiber->state == DONE;
          }
      } while (release(warp));
    }
    if (done == block.fibers.size()) return true;
    if (moved) continue;
    Fiber *stuck = nullptr;
    for (Fiber *fiber : block.fibers)
      if (fiber->state == WAITING && fiber->kind != SYNC_BLOCK) stuck = stuck ? stuck : fiber;
    if (stuck) {
      std::string others;
      for (Fiber *fiber : block.warps[stuck->warp])
        if ((stuck->mask >> fiber->lane & 1) && fiber->state == WAITING &&
            (fiber->kind != stuck->kind || fiber->line != stuck->line ||
             fiber->mask != stuck->mask) && others.empty())
          others = where(*fiber) + " waits in " + name_of(fiber->kind) + " of line " +
                   std::to_string(fiber->line);
      report(place->file, stuck->line, "%s waits forever in %s with mask %08x: %s",
             where(*stuck).c_str(), name_of(stuck->kind), stuck->mask, others.c_str());
      return false;
    }
    if (done)
      report(place->file, 0, "block (%u,%u,%u): __syncthreads after %zu of its threads ended",
             block.fibers[0]->block_index.x, block.fibers[0]->block_index.y,
             block.fibers[0]->block_index.z, done);
    int line = 0;
    for (Fiber *fiber : block.fibers)
      if (fiber->state == WAITING) {
        if (line && fiber->line != line)
          report(place->file, line, "%s meets at the __syncthreads of line %d instead",
                 where(*fiber).c_str(), fiber->line);
        line = fiber->line;
        fiber->state = READY;
      }
    trace_block_barrier();
  }
}

cudaError_t refused(const Config &c) {
  uint64_t threads = (uint64_t)c.block.x * c.block.y * c.block.z;
  if (!c.grid.x || !c.grid.y || !c.grid.z || c.grid.x > 0x7FFFFFFFu || c.grid.y > 65535 ||
      c.grid.z > 65535 || !threads || threads > MAX_THREADS || c.block.z > 64)
    return cudaErrorInvalidConfiguration;
  return c.shared > asked_shared ? cudaErrorInvalidValue : cudaSuccess;
}

void free_shared() {
  for (auto &entry : shared) free(entry.second.memory);
  shared.clear();
  shared_bytes = 0;
}

void *shared_of(int key, size_t bytes) {
  auto found = shared.find(key);
  if (found == shared.end()) {
    void *memory = nullptr;
    if (posix_memalign(&memory, 16, bytes ? bytes : 16)) abort();
    memset(memory, POISON, bytes);
    shared_bytes += bytes;
    if (shared_bytes > asked_shared)
      report(place->file, place->line, "%zu bytes of shared memory", shared_bytes);
    found = shared.emplace(key, Shared{memory, bytes}).first;
    trace_shared(memory, bytes);
  }
  return found->second.memory;
}

} // namespace

Thread *now;

void report(const char *file, int line, const char *format, ...) {
  char text[600];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (++problems <= 50)
    messages += std::string(file) + ":" + std::to_string(line) + ": " + text + "\n";
  last_error = cudaErrorLaunchFailure;
}

bool is_own(const void *address) {
  const char *at = (const char *)address, *self = (const char *)now;
  if (at == (const char *)&now || (at >= self && at < self + sizeof(Fiber))) return true;
  static thread_local char *low, *high;
  if (!high) {
    pthread_attr_t attributes;
    void *base;
    size_t size;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &base, &size);
    pthread_attr_destroy(&attributes);
    low = (char *)base, high = low + size;
  }
  if (at >= low && at < high) return true;
  const Fiber *fiber = (const Fiber *)now;
  return fiber && at >= fiber->stack && at < fiber->stack + STACK;
}

unsigned number_of_thread() { return ((Fiber *)now)->number; }

void run(const Place &given, const Config &config, const std::function<void()> &thread) {
  std::lock_guard<std::mutex> lock(one_launch);
  launches.push_back({config.grid.x, config.grid.y, config.grid.z,
                      config.block.x * config.block.y * config.block.z, (unsigned)config.shared,
                      given.line});
  if (cudaError_t error = refused(config)) {
    last_error = error;
    char text[200];
    snprintf(text, sizeof text, "%s:%d: %s<<<(%u,%u,%u), (%u,%u,%u), %zu>>> is refused\n",
             given.file, given.line, given.kernel, config.grid.x, config.grid.y, config.grid.z,
             config.block.x, config.block.y, config.block.z, config.shared);
    if (++problems <= 50) messages += text;
    return;
  }
  if (device != expected_device)
    report(given.file, given.line, "%s is launched on device %d, not on device %d", given.kernel,
           device, expected_device);
  if (dry) return;
  task = &thread;
  place = &given;
  unsigned threads = config.block.x * config.block.y * config.block.z;
  std::vector<int64_t> numbers;
  int64_t all = (int64_t)config.grid.x * config.grid.y * config.grid.z;
  for (int64_t number = first_block; number < all && number < last_block; ++number)
    numbers.push_back(number);
  trace_launch(given);
  for (int64_t number : ordered(numbers, 1)) {
    Block block;
    dim3 index((unsigned)(number % config.grid.x),
               (unsigned)(number / config.grid.x % config.grid.y),
               (unsigned)(number / config.grid.x / config.grid.y));
    for (unsigned i = 0; i < threads; ++i) {
      Fiber &fiber = fiber_of(i);
      fiber.thread = dim3(i % config.block.x, i / config.block.x % config.block.y,
                          i / config.block.x / config.block.y);
      fiber.block_index = index, fiber.block_size = config.block, fiber.grid_size = config.grid;
      fiber.number = i, fiber.warp = i / WARP, fiber.lane = i % WARP;
      fiber.state = READY;
      if (fiber.warp == block.warps.size()) block.warps.emplace_back();
      block.warps[fiber.warp].push_back(&fiber);
      block.fibers.push_back(&fiber);
    }
    shared_of(0, config.shared);
    trace_block(number, threads);
    bool ended = run_block(block, (uint32_t)number);
    trace_block_end();
    free_shared();
    if (!ended) {
      for (Fiber *fiber : block.fibers) fiber->begun = false; // their frames are lost
      break;
    }
  }
  trace_launch_end();
}

void *shared_array(size_t bytes, int line) { return shared_of(line, bytes); }
void *shared_dynamic() { return shared_of(0, 0); }

uint64_t meet(Kind kind, unsigned mask, uint64_t value, int source, int line) {
  Fiber &fiber = *(Fiber *)now;
  fiber.kind = kind, fiber.mask = mask, fiber.value = value, fiber.source = source;
  fiber.line = line, fiber.state = WAITING;
  if (!(mask >> fiber.lane & 1))
    report(place->file, line, "%s: %s, but the lane is not in its own mask %08x",
           where(fiber).c_str(), name_of(kind), mask);
  leave(fiber);
  return fiber.result;
}

void vector_copy(void *to, const void *from, size_t bytes) {
  if (now) {
    for (const void *at : {(const void *)to, from})
      if ((uintptr_t)at % bytes) {
        report(place->file, place->line, "%s moves %zu bytes at %p, which is not a multiple",
               where(*(Fiber *)now).c_str(), bytes, at);
        last_error = cudaErrorMisalignedAddress;
      }
    trace_access(from, bytes, false, __builtin_return_address(0));
    trace_access(to, bytes, true, __builtin_return_address(0));
  }
  memcpy(to, from, bytes);
}

} // namespace emu

using namespace emu;

extern "C" {

cudaError_t cudaGetLastError() {
  cudaError_t error = last_error;
  last_error = cudaSuccess;
  return error;
}
const char *cudaGetErrorString(cudaError_t error) {
  return error ? "an error of the emulation" : "no error";
}
cudaError_t cudaGetDevice(int *to) {
  *to = device;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int number) {
  if (number < 0 || number >= DEVICES) return last_error = cudaErrorInvalidDevice;
  device = number;
  return cudaSuccess;
}
cudaError_t cudaMalloc(void **to, size_t bytes) {
  if (left_until_full == 0) return last_error = cudaErrorMemoryAllocation;
  left_until_full -= left_until_full > 0;
  if (posix_memalign(to, 256, bytes)) return last_error = cudaErrorMemoryAllocation;
  memset(*to, POISON, bytes);
  allocated[(char *)*to] = bytes;
  return cudaSuccess;
}
cudaError_t cudaFree(void *from) {
  if (from && !allocated.erase((char *)from)) return last_error = cudaErrorInvalidValue;
  free(from);
  return cudaSuccess;
}
// Whether bytes lie in memory of the device.
static bool is_on_device(const void *from, size_t bytes) {
  auto after = allocated.upper_bound((const char *)from);
  if (after == allocated.begin()) return false;
  const auto &[start, size] = *--after;
  return (const char *)from + bytes <= start + size;
}
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind) {
  const void *there = kind == cudaMemcpyHostToDevice ? to : from;
  const void *here = kind == cudaMemcpyHostToDevice ? from : to;
  if (!is_on_device(there, bytes) || is_on_device(here, bytes)) return last_error = cudaErrorInvalidValue;
  memcpy(to, from, bytes);
  return last_error; // of the launch that this waits for
}
cudaError_t cudaDeviceSynchronize() { return last_error; }
cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int number) {
  if (number < 0 || number >= DEVICES) return last_error = cudaErrorInvalidDevice;
  *value = attribute == cudaDevAttrMultiProcessorCount ? PROCESSORS : (int)max_shared;
  return cudaSuccess;
}
cudaError_t cudaFuncSetAttribute(const void *, cudaFuncAttribute, int value) {
  if (value < 0 || (size_t)value > max_shared) return last_error = cudaErrorInvalidValue;
  asked_shared = (size_t)value > USUAL_SHARED ? value : USUAL_SHARED;
  return cudaSuccess;
}
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes *to, const void *pointer) {
  to->type = is_on_device(pointer, 1) ? cudaMemoryTypeDevice : cudaMemoryTypeUnregistered;
  to->device = expected_device;
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t) {
  memset(to, value, bytes);
  return cudaSuccess;
}

// For tests: what went wrong since the last call, and how many times.
long emu_problems(char *text, size_t size) {
  long found = problems;
  snprintf(text, size, "%s", messages.c_str());
  messages.clear();
  problems = 0;
  return found;
}
void emu_set_order(int value) { order = value; }
void emu_set_max_shared(size_t bytes) { max_shared = bytes; }
void emu_set_left_until_full(long allocations) { left_until_full = allocations; }
long emu_allocated() { return (long)allocated.size(); }
void emu_set_dry(int value) { dry = value; }
void emu_set_devices(int present, int expected) { device = present, expected_device = expected; }
int emu_device() { return device; }
#if defined(EMU_COVERAGE)
void __gcov_dump(void);
void emu_dump_coverage() { __gcov_dump(); }
#endif
void emu_set_blocks(int64_t first, int64_t last) { first_block = first, last_block = last; }
long emu_launches(Launch *into, long size) {
  long found = (long)launches.size();
  for (long i = 0; i < found && i < size; ++i) into[i] = launches[i];
  launches.clear();
  return found;
}

} // extern "C"
