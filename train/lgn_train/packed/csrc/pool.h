// Threads that share work piece by piece, and sleep while there is none.
//
// Whoever asks for work to be done does it, too; other threads take pieces where they come to it,
// and nobody waits for one that did not. On a machine whose processors are busy elsewhere that is
// what matters: OpenMP starts a region only when all of its threads run, and ends it so.
#pragma once
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>

namespace {

// work(piece, who): who is 0 for the thread that asked, and 1 .. threads - 1 for the others.
using Work = std::function<void(int64_t piece, int who)>;

class Pool {
public:
  static Pool &here() {
    static std::once_flag once;
    std::call_once(once, [] {
      pool() = new Pool;
      // A forked child has none of the threads, and maybe a lock that nobody will open.
      pthread_atfork(nullptr, nullptr, [] { pool() = new Pool; });
    });
    return *pool();
  }

  void run(int64_t pieces, int threads, const Work &work) {
    std::unique_lock<std::mutex> alone(asking_, std::try_to_lock);
    threads = (int)std::min<int64_t>(threads, pieces);
    if (threads <= 1 || !alone.owns_lock()) {
      for (int64_t piece = 0; piece < pieces; ++piece) work(piece, 0);
      return;
    }
    open(pieces, threads, work);
    take_pieces(0);
    close();
  }

private:
  static Pool *&pool() {
    static Pool *found; // never deleted: its threads sleep until the process ends
    return found;
  }

  void open(int64_t pieces, int threads, const Work &work) {
    std::lock_guard<std::mutex> lock(mutex_);
    work_ = &work, pieces_ = pieces, next_ = 0;
    places_ = threads - 1;
    hire(places_);
    (places_ == 1 ? awake_.notify_one() : awake_.notify_all());
  }

  void hire(int wanted) {
    try {
      for (; helpers_ < wanted; ++helpers_) std::thread([this] { help(); }).detach();
    } catch (const std::system_error &) { // no more threads are to be had: go on with fewer
    }
  }

  void close() {
    std::unique_lock<std::mutex> lock(mutex_);
    places_ = 0; // who comes now is too late
    finished_.wait(lock, [this] { return busy_ == 0; });
  }

  void help() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      awake_.wait(lock, [this] { return places_ > 0; });
      int who = places_--;
      ++busy_;
      lock.unlock();
      take_pieces(who);
      lock.lock();
      if (--busy_ == 0) finished_.notify_one();
    }
  }

  void take_pieces(int who) {
    for (int64_t piece; (piece = next_.fetch_add(1)) < pieces_;) (*work_)(piece, who);
  }

  std::mutex asking_, mutex_;
  std::condition_variable awake_, finished_;
  const Work *work_ = nullptr;
  std::atomic<int64_t> next_{0};
  int64_t pieces_ = 0;
  int places_ = 0, busy_ = 0, helpers_ = 0;
};

} // namespace
