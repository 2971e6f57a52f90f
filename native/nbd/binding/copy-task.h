// Ties one job of the engine to one promise.
#pragma once

#include <napi.h>

#include <memory>
#include <thread>

#include "job.h"

namespace ossea {

// Owns itself: it lives until its promise is settled, or its environment ends.
class CopyTask {
 public:
  // Starts the job. Returns `{ promise, cancel }`; the promise is settled when all threads of the job are gone.
  // `on_progress` is called with the progress on the thread of JavaScript; it must not throw.
  static Napi::Object start(Napi::Env env, Request request, const Napi::Function& on_progress);

  ~CopyTask();

 private:
  CopyTask(Napi::Env env, Request request);
  CopyTask(const CopyTask&) = delete;
  CopyTask& operator=(const CopyTask&) = delete;

  static void on_environment_end(void* task);
  static void call_progress(Napi::Env env, Napi::Function callback, CopyTask* task, void* nothing);
  static void finalize(Napi::Env env, void* nothing, CopyTask* task);
  void settle(Napi::Env env);

  using Tell = Napi::TypedThreadSafeFunction<CopyTask, void, call_progress>;

  std::shared_ptr<Job> job_;
  Napi::Promise::Deferred deferred_;
  Tell tell_;
  std::thread thread_;
};

}  // namespace ossea
