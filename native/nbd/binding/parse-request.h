// From the plain object that the TypeScript side hands over to the engine's request.
#pragma once

#include <napi.h>

#include "types.h"

namespace ossea {

// The object is ours (src/native-engine.ts makes it), so what is wrong in it is a bug: Napi::Error is thrown.
Request parse_request(const Napi::Object& from);

}  // namespace ossea
