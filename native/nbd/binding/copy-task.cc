#include "copy-task.h"

#include <cstring>

namespace ossea {
namespace {

void put_progress(Napi::Object& to, const Progress& progress) {
  to.Set("bytesTotal", static_cast<double>(progress.bytes_total));
  to.Set("bytesDone", static_cast<double>(progress.bytes_done));
  to.Set("bytesMoved", static_cast<double>(progress.bytes_moved));
  to.Set("bytesZeroed", static_cast<double>(progress.bytes_zeroed));
}

Napi::Object make_result(Napi::Env env, const Result& result) {
  auto to = Napi::Object::New(env);
  put_progress(to, result);
  to.Set("bytesResumed", static_cast<double>(result.bytes_resumed));
  to.Set("bytesRead", static_cast<double>(result.bytes_read));
  to.Set("requestsRetried", static_cast<double>(result.requests_retried));
  to.Set("seconds", result.seconds);
  const size_t count = result.digests.size();
  auto clusters = Napi::Float64Array::New(env, count);
  auto digests = Napi::Buffer<uint8_t>::New(env, count * sizeof(Digest));
  for (size_t i = 0; i < count; ++i) {
    clusters[i] = static_cast<double>(result.digests[i].first);
    std::memcpy(digests.Data() + i * sizeof(Digest), result.digests[i].second.data(), sizeof(Digest));
  }
  to.Set("clusters", clusters);
  to.Set("digests", digests);
  return to;
}

Napi::Value make_error(Napi::Env env, const Failure& failure) {
  Napi::Object to = Napi::Error::New(env, failure.message).Value();
  to.Set("code", failure.code);
  if (failure.error_number != 0) to.Set("errno", failure.error_number);
  if (failure.offset) to.Set("offset", static_cast<double>(*failure.offset));
  if (failure.end != End::none) to.Set("end", failure.end == End::source ? "source" : "target");
  return to;
}

}  // namespace

CopyTask::CopyTask(Napi::Env env, Request request)
    : job_(std::make_shared<Job>(std::move(request))), deferred_(Napi::Promise::Deferred::New(env)) {}

CopyTask::~CopyTask() {
  if (thread_.joinable()) thread_.join();
}

Napi::Object CopyTask::start(Napi::Env env, Request request, const Napi::Function& on_progress) {
  std::unique_ptr<CopyTask> owned(new CopyTask(env, std::move(request)));
  CopyTask* const task = owned.get();
  // its finalizer runs on the thread of JavaScript once the job's thread has let go of it: only then the promise
  // is settled, and joining a thread whose last act is behind it does not block
  task->tell_ = Tell::New(env, on_progress, Napi::Object(), "ossea-copy", 1, 1, task, finalize,
                          static_cast<void*>(nullptr));
  owned.release();  // from here on its finalizer deletes it
  // registered after it, so that it runs before it when the environment ends in mid-copy
  napi_add_env_cleanup_hook(env, on_environment_end, task);
  auto handle = Napi::Object::New(env);
  handle.Set("promise", task->deferred_.Promise());
  // holds the job, not the task: it may be called when all is over
  handle.Set("cancel", Napi::Function::New(env, [job = task->job_](const Napi::CallbackInfo&) {
               job->control().cancel();
             }));
  try {
    task->thread_ = std::thread([task] {
      // a full queue means that the last report was not fetched yet: that one will see the newest figures
      task->job_->run([task] { task->tell_.NonBlockingCall(); });
      task->tell_.Release();
    });
  } catch (const std::exception& error) {
    task->job_->control().fail({.code = "internal.unexpected", .message = error.what()});
    task->job_->give_up();
    task->tell_.Release();
  }
  return handle;
}

// Blocks for the moment it takes to drop the connections; nothing is written after this environment.
void CopyTask::on_environment_end(void* data) {
  auto* task = static_cast<CopyTask*>(data);
  task->job_->control().abandon();
  if (task->thread_.joinable()) task->thread_.join();
}

void CopyTask::call_progress(Napi::Env env, Napi::Function callback, CopyTask* task, void*) {
  if (env == nullptr || callback.IsEmpty()) return;
  auto progress = Napi::Object::New(env);
  put_progress(progress, task->job_->progress());
  callback.Call({progress});
}

void CopyTask::finalize(Napi::Env env, void*, CopyTask* task) {
  const std::unique_ptr<CopyTask> owned(task);
  napi_remove_env_cleanup_hook(env, on_environment_end, task);
  if (task->thread_.joinable()) task->thread_.join();
  task->settle(env);
}

void CopyTask::settle(Napi::Env env) {
  const Napi::HandleScope scope(env);
  try {
    if (job_->failure()) {
      deferred_.Reject(make_error(env, *job_->failure()));
    } else {
      deferred_.Resolve(make_result(env, job_->result()));
    }
  } catch (const Napi::Error&) {
    // an environment that is ending takes no more values, and nobody is left to read them
  }
}

}  // namespace ossea
