#include "parse-request.h"

#include <cmath>
#include <cstring>

namespace ossea {
namespace {

Napi::Value required(const Napi::Object& from, const char* name) {
  const Napi::Value value = from.Get(name);
  if (value.IsUndefined()) throw Napi::TypeError::New(from.Env(), std::string(name) + " is missing");
  return value;
}

uint64_t whole_number(const Napi::Object& from, const char* name) {
  const double value = required(from, name).ToNumber().DoubleValue();
  if (!(value >= 0 && value <= 9007199254740991.0) || std::floor(value) != value) {
    throw Napi::RangeError::New(from.Env(), std::string(name) + " is no whole number");
  }
  return static_cast<uint64_t>(value);
}

std::string text(const Napi::Object& from, const char* name) {
  return required(from, name).ToString().Utf8Value();
}

Address parse_address(const Napi::Object& from) {
  Address address;
  address.export_name = text(from, "exportName");
  address.unix_socket = from.Has("path");
  if (address.unix_socket) {
    address.path = text(from, "path");
  } else {
    address.host = text(from, "host");
    address.port = static_cast<uint16_t>(whole_number(from, "port"));
  }
  return address;
}

Limits parse_limits(const Napi::Object& from) {
  return {.connections = static_cast<unsigned>(whole_number(from, "connections")),
          .requests_in_flight = static_cast<unsigned>(whole_number(from, "requestsInFlight")),
          .request_bytes = whole_number(from, "requestBytes"),
          .bytes_in_flight = whole_number(from, "bytesInFlight"),
          .checkpoint_bytes = whole_number(from, "checkpointBytes"),
          .stall_timeout = milliseconds(whole_number(from, "stallTimeoutMs")),
          .attempts = static_cast<unsigned>(whole_number(from, "attempts"))};
}

// Pairs of offset and length.
std::vector<Range> parse_ranges(const Napi::Value& from) {
  const auto pairs = from.As<Napi::Float64Array>();
  std::vector<Range> ranges(pairs.ElementLength() / 2);
  for (size_t i = 0; i < ranges.size(); ++i) {
    ranges[i] = {static_cast<uint64_t>(pairs[2 * i]), static_cast<uint64_t>(pairs[2 * i + 1])};
  }
  return ranges;
}

}  // namespace

Request parse_request(const Napi::Object& from) {
  Request request;
  const std::string work = text(from, "work");
  request.work = work == "full" ? Work::full : work == "changed" ? Work::changed : Work::digest;
  request.source = parse_address(required(from, "source").As<Napi::Object>());
  request.size_bytes = whole_number(from, "sizeBytes");
  request.ranges = parse_ranges(required(from, "ranges"));
  request.limits = parse_limits(required(from, "limits").As<Napi::Object>());
  if (request.work == Work::digest) return request;
  request.target = parse_address(required(from, "target").As<Napi::Object>());
  request.target_is_zero = required(from, "targetIsZero").ToBoolean();
  request.journal_path = text(from, "journalPath");
  const auto hash = required(from, "identityHash").As<Napi::Uint8Array>();
  if (hash.ElementLength() != request.identity_hash.size()) {
    throw Napi::TypeError::New(from.Env(), "identityHash must have 32 bytes");
  }
  std::memcpy(request.identity_hash.data(), hash.Data(), request.identity_hash.size());
  return request;
}

}  // namespace ossea
