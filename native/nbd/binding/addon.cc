#include <napi.h>

#include "copy-task.h"
#include "parse-request.h"

namespace {

// start(request, onProgress) → { promise, cancel }
Napi::Value start(const Napi::CallbackInfo& info) {
  try {
    return ossea::CopyTask::start(info.Env(), ossea::parse_request(info[0].As<Napi::Object>()),
                                  info[1].As<Napi::Function>());
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("start", Napi::Function::New(env, start));
  return exports;
}

}  // namespace

NODE_API_MODULE(nbd_native, init)
