// Watches every access of a kernel, through the hooks of -fsanitize=thread: races, reads of shared
// memory that nobody wrote, and how many sectors of 32 bytes each warp's accesses touch.
#include "emu.h"

#include <dlfcn.h>
#include <stdio.h>

#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace emu {

namespace {

constexpr int HALF = WARP / 2; // whose lanes may meet among themselves
constexpr int GRAIN = 2, PAGE = 4096, SECTOR = 32;

struct Stamp { // who touched something, and when
  int64_t block = -1;
  int thread = -1;
  unsigned block_epoch = 0, warp_epoch = 0, half_epoch = 0;
};
struct Cell {
  Stamp writer, reader, other_reader;
};
struct Site { // an instruction
  const void *pc;
  std::string kernel;
  bool write;
  int64_t requests = 0, sectors = 0, bytes = 0;
};
struct Totals { // of a kernel
  int64_t launches = 0, blocks = 0, requests = 0, sectors = 0, block_sectors = 0;
  int64_t read_footprint = 0, write_footprint = 0; // sectors, over all launches
};
struct Access {
  int site;
  uint64_t address;
  unsigned bytes;
};
struct Region {
  uint64_t base;
  size_t bytes;
  std::vector<bool> written;
};

bool races = true, sectors = false;
std::unordered_map<uint64_t, std::vector<Cell>> pages;
std::vector<Region> regions;
std::vector<std::vector<Access>> logs;
std::map<std::pair<const void *, std::string>, int> site_numbers;
std::vector<Site> sites;
std::map<std::string, Totals> totals;
std::unordered_set<uint64_t> launch_read, launch_written;
std::unordered_set<uint64_t> block_touched;
const Place *place;
int64_t block;
unsigned block_epoch;
std::vector<unsigned> warp_epochs, half_epochs; // barriers of whole warps, and of their halves

bool in_order(const Stamp &before, const Stamp &me) {
  if (before.thread < 0) return true;
  if (before.block != me.block) return false;
  if (before.thread == me.thread || before.block_epoch != me.block_epoch) return true;
  if (before.thread / HALF == me.thread / HALF && before.half_epoch != me.half_epoch) return true;
  return before.thread / WARP == me.thread / WARP && before.warp_epoch != me.warp_epoch;
}

uint64_t last_page = ~0ull;
std::vector<Cell> *last;

Cell &cell_of(uint64_t address) {
  uint64_t page = address / PAGE;
  if (page != last_page) {
    auto &found = pages[page];
    if (found.empty()) found.resize(PAGE / GRAIN);
    last_page = page, last = &found;
  }
  return (*last)[address % PAGE / GRAIN];
}

std::string line_of(const void *pc) {
  Dl_info info;
  char text[300];
  if (!dladdr(pc, &info)) return "?";
  snprintf(text, sizeof text, "%s+0x%lx", info.dli_fname,
           (unsigned long)((const char *)pc - (const char *)info.dli_fbase));
  return text;
}

void race(const char *what, const Stamp &before, const Stamp &me, uint64_t address,
          const void *pc) {
  report(place->file, place->line,
         "race in %s: block %ld thread %d %s %#lx after block %ld thread %d without a barrier (%s)",
         place->kernel, (long)me.block, me.thread, what, (long)address, (long)before.block,
         before.thread, line_of(pc).c_str());
}

void check(uint64_t address, size_t bytes, bool write, const void *pc) {
  int thread = (int)number_of_thread();
  Stamp me{block, thread, block_epoch, warp_epochs[thread / WARP], half_epochs[thread / HALF]};
  for (uint64_t at = address / GRAIN * GRAIN; at < address + bytes; at += GRAIN) {
    Cell &cell = cell_of(at);
    if (!in_order(cell.writer, me)) race(write ? "writes" : "reads", cell.writer, me, at, pc);
    if (write) {
      if (!in_order(cell.reader, me)) race("writes what was read,", cell.reader, me, at, pc);
      if (!in_order(cell.other_reader, me))
        race("writes what was read,", cell.other_reader, me, at, pc);
      cell.writer = me;
    } else {
      if (cell.reader.thread != me.thread || cell.reader.block != me.block)
        cell.other_reader = cell.reader;
      cell.reader = me;
    }
  }
  for (Region &region : regions) {
    if (address < region.base || address >= region.base + region.bytes) continue;
    for (size_t i = 0; i < bytes && address + i < region.base + region.bytes; ++i) {
      size_t at = address - region.base + i;
      if (write)
        region.written[at] = true;
      else if (!region.written[at]) {
        report(place->file, place->line,
               "%s reads byte %zu of shared memory, which nobody wrote: block %ld thread %d (%s)",
               place->kernel, at, (long)block, thread, line_of(pc).c_str());
        break;
      }
    }
  }
}

bool is_shared(uint64_t address) {
  for (const Region &region : regions)
    if (address >= region.base && address < region.base + region.bytes) return true;
  return false;
}

int number_of(const void *pc, bool write) {
  auto key = std::make_pair(pc, std::string(place->kernel));
  auto found = site_numbers.find(key);
  if (found != site_numbers.end()) return found->second;
  sites.push_back({pc, place->kernel, write});
  return site_numbers[key] = (int)sites.size() - 1;
}

// The accesses of a warp's lanes at one instruction, the n-th time each, are one request.
void add_requests() {
  Totals &total = totals[place->kernel];
  for (size_t first = 0; first < logs.size(); first += WARP) {
    std::unordered_map<uint64_t, std::vector<Access>> requests;
    for (size_t lane = first; lane < first + WARP && lane < logs.size(); ++lane) {
      std::unordered_map<int, uint64_t> times;
      for (const Access &access : logs[lane])
        requests[(uint64_t)access.site << 32 | times[access.site]++].push_back(access);
    }
    for (auto &entry : requests) {
      Site &site = sites[entry.first >> 32];
      std::unordered_set<uint64_t> touched, bytes;
      for (const Access &access : entry.second)
        for (uint64_t at = access.address; at < access.address + access.bytes; ++at) {
          bytes.insert(at);
          touched.insert(at / SECTOR);
        }
      ++site.requests, ++total.requests;
      site.sectors += touched.size(), total.sectors += touched.size();
      site.bytes += bytes.size();
      for (uint64_t sector : touched) {
        block_touched.insert(sector << 1 | site.write);
        (site.write ? launch_written : launch_read).insert(sector);
      }
    }
  }
  total.block_sectors += block_touched.size();
  ++total.blocks;
  block_touched.clear();
}

} // namespace

void trace_launch(const Place &given) {
  place = &given;
  pages.clear();
  last_page = ~0ull;
}
void trace_launch_end() {
  pages.clear();
  if (!sectors) return;
  Totals &total = totals[place->kernel];
  ++total.launches;
  total.read_footprint += launch_read.size();
  total.write_footprint += launch_written.size();
  launch_read.clear();
  launch_written.clear();
}
void trace_block(int64_t number, unsigned threads) {
  block = number;
  block_epoch = 0;
  warp_epochs.assign((threads + WARP - 1) / WARP, 0);
  half_epochs.assign(2 * warp_epochs.size(), 0);
  logs.assign(threads, {});
}
void trace_block_end() {
  if (sectors) add_requests();
  for (const Region &region : regions) // the next block's memory may lie at the same place
    for (uint64_t at = region.base; at < region.base + region.bytes; at += GRAIN) {
      auto found = pages.find(at / PAGE);
      if (found != pages.end()) found->second[at % PAGE / GRAIN] = Cell{};
    }
  regions.clear();
}
void trace_shared(void *memory, size_t bytes) {
  regions.push_back({(uint64_t)memory, bytes, std::vector<bool>(bytes)});
}
void trace_block_barrier() { ++block_epoch; }
void trace_warp_barrier(unsigned warp, unsigned mask) {
  warp_epochs[warp] += mask == ~0u;
  half_epochs[2 * warp] += (mask & 0xFFFFu) == 0xFFFFu;
  half_epochs[2 * warp + 1] += mask >> HALF == 0xFFFFu;
}

void trace_access(const void *address, size_t bytes, bool write, const void *pc) {
  if (!now || is_own(address)) return;
  if (races) check((uint64_t)address, bytes, write, pc);
  if (sectors && !is_shared((uint64_t)address))
    logs[number_of_thread()].push_back({number_of(pc, write), (uint64_t)address, (unsigned)bytes});
}

} // namespace emu

using namespace emu;

extern "C" {

#define HOOKS(BYTES)                                                                               \
  void __tsan_read##BYTES(void *at) {                                                              \
    trace_access(at, BYTES, false, __builtin_return_address(0));                                   \
  }                                                                                                \
  void __tsan_write##BYTES(void *at) {                                                             \
    trace_access(at, BYTES, true, __builtin_return_address(0));                                    \
  }                                                                                                \
  void __tsan_unaligned_read##BYTES(void *at) {                                                    \
    trace_access(at, BYTES, false, __builtin_return_address(0));                                   \
  }                                                                                                \
  void __tsan_unaligned_write##BYTES(void *at) {                                                   \
    trace_access(at, BYTES, true, __builtin_return_address(0));                                    \
  }
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)
void __tsan_read_range(void *at, size_t n) {
  trace_access(at, n, false, __builtin_return_address(0));
}
void __tsan_write_range(void *at, size_t n) {
  trace_access(at, n, true, __builtin_return_address(0));
}
void __tsan_vptr_update(void **, void *) {}
void __tsan_vptr_read(void **) {}
unsigned char __tsan_atomic8_load(const volatile unsigned char *from, int) { // of the host's statics
  return __atomic_load_n(from, __ATOMIC_SEQ_CST);
}
void __tsan_func_entry(void *) {}
void __tsan_func_exit() {}
void __tsan_init() {}

void emu_trace(int want_races, int want_sectors) { races = want_races, sectors = want_sectors; }

// A line for each kernel, and for each instruction: its place in the library.
void emu_trace_report(char *text, size_t size) {
  std::string found;
  char line[600];
  for (auto &entry : totals) {
    const Totals &t = entry.second;
    snprintf(line, sizeof line, "kernel %s %ld %ld %ld %ld %ld %ld %ld\n", entry.first.c_str(),
             (long)t.launches, (long)t.blocks, (long)t.requests, (long)t.sectors,
             (long)t.block_sectors, (long)t.read_footprint, (long)t.write_footprint);
    found += line;
  }
  for (const Site &site : sites) {
    snprintf(line, sizeof line, "site %s %s %s %ld %ld %ld\n", site.kernel.c_str(),
             site.write ? "write" : "read", line_of(site.pc).c_str(), (long)site.requests,
             (long)site.sectors, (long)site.bytes);
    found += line;
  }
  snprintf(text, size, "%s", found.c_str());
  totals.clear();
  for (Site &site : sites) site.requests = site.sectors = site.bytes = 0;
}

} // extern "C"
