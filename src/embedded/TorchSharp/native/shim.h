// The C ABI between TorchSharp.dll and libtorch.
//
// Every function that can fail catches what libtorch throws, keeps its message for this thread and answers null
// (functions that make a tensor) or 1 (functions that answer a status, 0 being success). No C++ exception ever
// crosses into managed code, where it would end the process.
#pragma once

#include <ATen/ATen.h>
#include <torch/version.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#define TS_API extern "C" __attribute__((visibility("default")))

using Tensor = at::Tensor*;

namespace shim {

// libtorch's own optional became the standard one in 2.3.
#if TORCH_VERSION_MAJOR < 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR < 3)
using c10::nullopt;
using c10::optional;
#else
using std::nullopt;
using std::optional;
#endif

/// The message of the last failure on this thread; read by ts_last_error.
extern thread_local std::string last_error;

/// A number as managed code passes it: two registers, no allocation.
struct Scalar {
    int64_t kind;  // 0 integer, 1 floating point, 2 boolean, -1 absent
    int64_t bits;
};

inline at::Scalar unpack(Scalar s) {
    switch (s.kind) {
        case 1: {
            double value;
            static_assert(sizeof value == sizeof s.bits);
            __builtin_memcpy(&value, &s.bits, sizeof value);
            return at::Scalar(value);
        }
        case 2:
            return at::Scalar(s.bits != 0);
        default:
            return at::Scalar(s.bits);
    }
}

inline optional<at::Scalar> unpack_optional(Scalar s) {
    return s.kind < 0 ? nullopt : optional<at::Scalar>(unpack(s));
}

/// Negative means "not given".
inline optional<at::ScalarType> optional_type(int32_t type) {
    return type < 0 ? nullopt : optional<at::ScalarType>(static_cast<at::ScalarType>(type));
}

inline optional<at::Tensor> optional_tensor(Tensor t) {
    return t == nullptr ? nullopt : optional<at::Tensor>(*t);
}

inline at::IntArrayRef dims(const int64_t* values, int32_t count) {
    return at::IntArrayRef(values, static_cast<size_t>(count));
}

/// Runs body; on an exception keeps its message and answers false.
template <class Body>
bool run(Body&& body) noexcept {
    try {
        body();
        return true;
    } catch (const c10::Error& e) {
        last_error = e.what_without_backtrace();
    } catch (const std::exception& e) {
        last_error = e.what();
    } catch (...) {
        last_error = "libtorch failed with an exception that carries no message";
    }
    return false;
}

template <class Body>
Tensor make(Body&& body) noexcept {
    Tensor result = nullptr;
    run([&] { result = new at::Tensor(body()); });
    return result;
}

template <class Body>
int32_t status(Body&& body) noexcept {
    return run(std::forward<Body>(body)) ? 0 : 1;
}

/// Two results: the first is answered, the second goes through an out parameter.
template <class Body>
Tensor make_two(Tensor* second, Body&& body) noexcept {
    Tensor first = nullptr;
    run([&] {
        auto pair = body();
        auto one = std::make_unique<at::Tensor>(std::get<0>(pair));
        *second = new at::Tensor(std::get<1>(pair));
        first = one.release();
    });
    return first;
}

}  // namespace shim

#define TS_MAKE(expression) return shim::make([&]() -> at::Tensor { return expression; })
#define TS_DO(statement) return shim::status([&] { statement; })
