// Life, data, conversion, views and autograd of tensors; generators, threads, devices and versions.
#include "shim.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/cuda.h>

#include <dlfcn.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

using namespace shim;

thread_local std::string shim::last_error;

namespace {

at::TensorOptions options(int32_t type, int32_t device, int32_t index) {
    return at::TensorOptions()
        .dtype(static_cast<at::ScalarType>(type))
        .device(at::Device(static_cast<at::DeviceType>(device), static_cast<at::DeviceIndex>(index)));
}

at::Tensor tracked(at::Tensor tensor, int32_t requires_grad) {
    if (requires_grad != 0) {
        tensor.set_requires_grad(true);
    }
    return tensor;
}

optional<at::Generator> optional_generator(at::Generator* generator) {
    return generator == nullptr ? nullopt : optional<at::Generator>(*generator);
}

std::vector<at::Tensor> list(Tensor* tensors, int32_t count) {
    std::vector<at::Tensor> result;
    result.reserve(static_cast<size_t>(count));
    for (int32_t i = 0; i < count; i++) {
        result.push_back(tensors[i] == nullptr ? at::Tensor() : *tensors[i]);
    }
    return result;
}

/// Hands a list out as an array that the caller frees with ts_free.
int32_t hand_out(const std::vector<at::Tensor>& tensors, Tensor** result, int32_t* count) {
    auto* array = static_cast<Tensor*>(std::malloc(sizeof(Tensor) * (tensors.size() + 1)));
    if (array == nullptr) {
        throw std::bad_alloc();
    }
    for (size_t i = 0; i < tensors.size(); i++) {
        array[i] = tensors[i].defined() ? new at::Tensor(tensors[i]) : nullptr;
    }
    *result = array;
    *count = static_cast<int32_t>(tensors.size());
    return 0;
}

thread_local std::string text_result;

}  // namespace

// ---- errors, versions, threads, devices ----

TS_API const char* ts_last_error() { return last_error.c_str(); }
TS_API void ts_free(void* memory) { std::free(memory); }
TS_API const char* ts_version() { return TORCH_VERSION; }

TS_API const char* ts_show_config() {
    run([] { text_result = at::show_config(); });
    return text_result.c_str();
}

/// What serves libtorch's matrix products: the file that has sgemm_ as libtorch_cpu.so itself reaches it, and what OpenBLAS
/// there says of itself. Other BLAS libraries in the process's memory do not matter.
TS_API const char* ts_blas() {
    run([] {
        text_result = "built into libtorch";
        Dl_info where;
        if (dladdr(reinterpret_cast<void*>(&at::show_config), &where) == 0) {
            return;
        }
        std::unique_ptr<void, int (*)(void*)> libtorch(dlopen(where.dli_fname, RTLD_LAZY | RTLD_NOLOAD), dlclose);
        void* product = libtorch ? dlsym(libtorch.get(), "sgemm_") : nullptr;
        if (product == nullptr || dladdr(product, &where) == 0) {
            return;
        }
        std::unique_ptr<char, void (*)(void*)> file(realpath(where.dli_fname, nullptr), std::free);
        text_result = file ? file.get() : where.dli_fname;
        if (auto* describe = reinterpret_cast<const char* (*)()>(dlsym(libtorch.get(), "openblas_get_config"))) {
            text_result = std::string(describe()) + " (" + text_result + ")";
        }
    });
    return text_result.c_str();
}

TS_API int32_t ts_get_num_threads() { return at::get_num_threads(); }
TS_API int32_t ts_set_num_threads(int32_t count) { TS_DO(at::set_num_threads(count)); }

TS_API int32_t ts_cuda_is_available() {
    bool available = false;
    run([&] { available = torch::cuda::is_available(); });
    return available ? 1 : 0;
}

TS_API int32_t ts_cuda_device_count() {
    int32_t count = 0;
    run([&] { count = static_cast<int32_t>(torch::cuda::device_count()); });
    return count;
}

TS_API int32_t ts_cuda_synchronize(int64_t index) { TS_DO(torch::cuda::synchronize(index)); }

// ---- life ----

TS_API void ts_dispose(Tensor t) {
    run([&] { delete t; });
}

TS_API Tensor ts_alias(Tensor t) { TS_MAKE(*t); }

// ---- creation ----

TS_API Tensor ts_empty(const int64_t* size, int32_t n, int32_t type, int32_t device, int32_t index, int32_t grad) {
    TS_MAKE(tracked(at::empty(dims(size, n), options(type, device, index)), grad));
}
TS_API Tensor ts_zeros(const int64_t* size, int32_t n, int32_t type, int32_t device, int32_t index, int32_t grad) {
    TS_MAKE(tracked(at::zeros(dims(size, n), options(type, device, index)), grad));
}
TS_API Tensor ts_ones(const int64_t* size, int32_t n, int32_t type, int32_t device, int32_t index, int32_t grad) {
    TS_MAKE(tracked(at::ones(dims(size, n), options(type, device, index)), grad));
}
TS_API Tensor ts_full(const int64_t* size, int32_t n, Scalar value, int32_t type, int32_t device, int32_t index, int32_t grad) {
    TS_MAKE(tracked(at::full(dims(size, n), unpack(value), options(type, device, index)), grad));
}
TS_API Tensor ts_rand(const int64_t* size, int32_t n, at::Generator* generator, int32_t type, int32_t device, int32_t index,
                      int32_t grad) {
    TS_MAKE(tracked(at::rand(dims(size, n), optional_generator(generator), options(type, device, index)), grad));
}
TS_API Tensor ts_randn(const int64_t* size, int32_t n, at::Generator* generator, int32_t type, int32_t device, int32_t index,
                       int32_t grad) {
    TS_MAKE(tracked(at::randn(dims(size, n), optional_generator(generator), options(type, device, index)), grad));
}
TS_API Tensor ts_randint(int64_t low, int64_t high, const int64_t* size, int32_t n, at::Generator* generator, int32_t type,
                         int32_t device, int32_t index, int32_t grad) {
    TS_MAKE(tracked(at::randint(low, high, dims(size, n), optional_generator(generator), options(type, device, index)), grad));
}
TS_API Tensor ts_arange(Scalar start, Scalar stop, Scalar step, int32_t type, int32_t device, int32_t index, int32_t grad) {
    TS_MAKE(tracked(at::arange(unpack(start), unpack(stop), unpack(step), options(type, device, index)), grad));
}
TS_API Tensor ts_eye(int64_t rows, int64_t columns, int32_t type, int32_t device, int32_t index, int32_t grad) {
    TS_MAKE(tracked(at::eye(rows, columns, options(type, device, index)), grad));
}
/// Copies `elements` of type `source` into a tensor of type `type`.
TS_API Tensor ts_from_data(void* elements, int32_t source, const int64_t* size, int32_t n, int32_t type, int32_t device,
                           int32_t index, int32_t grad) {
    return make([&] {
        auto borrowed = at::from_blob(elements, dims(size, n), at::TensorOptions().dtype(static_cast<at::ScalarType>(source)));
        return tracked(borrowed.to(options(type, device, index), /*non_blocking=*/false, /*copy=*/true), grad);
    });
}

// ---- what a tensor is ----

TS_API int64_t ts_ndim(Tensor t) { return t->dim(); }
TS_API int64_t ts_numel(Tensor t) { return t->numel(); }
TS_API int32_t ts_dtype(Tensor t) { return static_cast<int32_t>(t->scalar_type()); }
TS_API int64_t ts_element_size(Tensor t) { return static_cast<int64_t>(t->element_size()); }
TS_API int32_t ts_device_type(Tensor t) { return static_cast<int32_t>(t->device().type()); }
TS_API int32_t ts_device_index(Tensor t) { return static_cast<int32_t>(t->device().index()); }
TS_API int32_t ts_is_contiguous(Tensor t) { return t->is_contiguous() ? 1 : 0; }
TS_API int64_t ts_storage_offset(Tensor t) { return t->storage_offset(); }
TS_API void ts_sizes(Tensor t, int64_t* result) {
    auto sizes = t->sizes();
    std::copy(sizes.begin(), sizes.end(), result);
}
TS_API void ts_strides(Tensor t, int64_t* result) {
    auto strides = t->strides();
    std::copy(strides.begin(), strides.end(), result);
}
TS_API int32_t ts_size(Tensor t, int64_t dim, int64_t* result) { TS_DO(*result = t->size(dim)); }
TS_API int32_t ts_stride(Tensor t, int64_t dim, int64_t* result) { TS_DO(*result = t->stride(dim)); }
TS_API int32_t ts_data(Tensor t, void** result) { TS_DO(*result = t->data_ptr()); }

/// The value of a one-element tensor, as kind and bits of shim::Scalar.
TS_API int32_t ts_item(Tensor t, Scalar* result) {
    return status([&] {
        auto value = t->item();
        if (value.isFloatingPoint()) {
            result->kind = 1;
            auto number = value.toDouble();
            __builtin_memcpy(&result->bits, &number, sizeof number);
        } else {
            result->kind = value.isBoolean() ? 2 : 0;
            result->bits = value.isBoolean() ? static_cast<int64_t>(value.toBool()) : value.toLong();
        }
    });
}

// ---- conversion ----

TS_API Tensor ts_to_type(Tensor t, int32_t type, int32_t copy, int32_t non_blocking) {
    TS_MAKE(t->to(static_cast<at::ScalarType>(type), non_blocking != 0, copy != 0));
}
TS_API Tensor ts_to_device(Tensor t, int32_t device, int32_t index, int32_t copy, int32_t non_blocking) {
    TS_MAKE(t->to(at::Device(static_cast<at::DeviceType>(device), static_cast<at::DeviceIndex>(index)), t->scalar_type(),
                  non_blocking != 0, copy != 0));
}
TS_API Tensor ts_to_type_and_device(Tensor t, int32_t type, int32_t device, int32_t index, int32_t copy, int32_t non_blocking) {
    TS_MAKE(t->to(at::Device(static_cast<at::DeviceType>(device), static_cast<at::DeviceIndex>(index)),
                  static_cast<at::ScalarType>(type), non_blocking != 0, copy != 0));
}
TS_API Tensor ts_clone(Tensor t) { TS_MAKE(t->clone()); }
TS_API Tensor ts_detach(Tensor t) { TS_MAKE(t->detach()); }
TS_API int32_t ts_detach_(Tensor t) { TS_DO(t->detach_()); }
TS_API Tensor ts_contiguous(Tensor t) { TS_MAKE(t->contiguous()); }
TS_API int32_t ts_copy_(Tensor t, Tensor source, int32_t non_blocking) { TS_DO(t->copy_(*source, non_blocking != 0)); }

// ---- views and layout ----

TS_API Tensor ts_view(Tensor t, const int64_t* size, int32_t n) { TS_MAKE(t->view(dims(size, n))); }
TS_API Tensor ts_reshape(Tensor t, const int64_t* size, int32_t n) { TS_MAKE(t->reshape(dims(size, n))); }
TS_API Tensor ts_flatten(Tensor t, int64_t start, int64_t end) { TS_MAKE(t->flatten(start, end)); }
TS_API Tensor ts_transpose(Tensor t, int64_t dim0, int64_t dim1) { TS_MAKE(t->transpose(dim0, dim1)); }
TS_API Tensor ts_permute(Tensor t, const int64_t* order, int32_t n) { TS_MAKE(t->permute(dims(order, n))); }
TS_API Tensor ts_t(Tensor t) { TS_MAKE(t->t()); }
TS_API Tensor ts_unsqueeze(Tensor t, int64_t dim) { TS_MAKE(t->unsqueeze(dim)); }
TS_API Tensor ts_squeeze(Tensor t) { TS_MAKE(t->squeeze()); }
TS_API Tensor ts_squeeze_dim(Tensor t, int64_t dim) { TS_MAKE(t->squeeze(dim)); }
TS_API Tensor ts_expand(Tensor t, const int64_t* size, int32_t n, int32_t is_implicit) {
    TS_MAKE(t->expand(dims(size, n), is_implicit != 0));
}
TS_API Tensor ts_narrow(Tensor t, int64_t dim, int64_t start, int64_t length) { TS_MAKE(t->narrow(dim, start, length)); }
TS_API Tensor ts_slice(Tensor t, int64_t dim, int64_t start, int64_t finish, int64_t step) {
    TS_MAKE(t->slice(dim, start, finish, step));
}
TS_API Tensor ts_select(Tensor t, int64_t dim, int64_t index) { TS_MAKE(t->select(dim, index)); }
TS_API int32_t ts_chunk(Tensor t, int64_t chunks, int64_t dim, Tensor** result, int32_t* count) {
    TS_DO(hand_out(t->chunk(chunks, dim), result, count));
}
TS_API int32_t ts_split(Tensor t, int64_t size, int64_t dim, Tensor** result, int32_t* count) {
    TS_DO(hand_out(t->split(size, dim), result, count));
}
TS_API int32_t ts_split_sizes(Tensor t, const int64_t* sizes, int32_t n, int64_t dim, Tensor** result, int32_t* count) {
    TS_DO(hand_out(t->split_with_sizes(dims(sizes, n), dim), result, count));
}
TS_API Tensor ts_repeat(Tensor t, const int64_t* sizes, int32_t n) { TS_MAKE(t->repeat(dims(sizes, n))); }
TS_API Tensor ts_repeat_interleave(Tensor t, int64_t repeats, int64_t dim, int32_t has_dim) {
    TS_MAKE(t->repeat_interleave(repeats, has_dim != 0 ? optional<int64_t>(dim) : nullopt));
}
TS_API Tensor ts_cat(Tensor* tensors, int32_t count, int64_t dim) { TS_MAKE(at::cat(list(tensors, count), dim)); }
TS_API Tensor ts_stack(Tensor* tensors, int32_t count, int64_t dim) { TS_MAKE(at::stack(list(tensors, count), dim)); }

// ---- autograd ----

TS_API int32_t ts_requires_grad(Tensor t) { return t->requires_grad() ? 1 : 0; }
TS_API int32_t ts_set_requires_grad(Tensor t, int32_t value) { TS_DO(t->set_requires_grad(value != 0)); }
TS_API int32_t ts_is_leaf(Tensor t) { return t->is_leaf() ? 1 : 0; }
TS_API int32_t ts_grad(Tensor t, Tensor* result) {
    return status([&] {
        const auto& grad = t->grad();
        *result = grad.defined() ? new at::Tensor(grad) : nullptr;
    });
}
/// Checks what libtorch itself does not: a gradient of another shape, type or device would break backward later.
TS_API int32_t ts_set_grad(Tensor t, Tensor grad) {
    return status([&] {
        if (grad == nullptr) {
            t->mutable_grad().reset();
            return;
        }
        TORCH_CHECK(grad->sizes() == t->sizes(), "the gradient has shape ", grad->sizes(), " but the tensor has shape ", t->sizes());
        TORCH_CHECK(grad->scalar_type() == t->scalar_type(), "the gradient has type ", grad->scalar_type(),
                    " but the tensor has type ", t->scalar_type());
        TORCH_CHECK(grad->device() == t->device(), "the gradient is on ", grad->device(), " but the tensor is on ", t->device());
        t->mutable_grad() = *grad;
    });
}
TS_API int32_t ts_backward(Tensor t) { TS_DO(t->backward()); }
TS_API int32_t ts_backward_many(Tensor* tensors, int32_t count, Tensor* grads, int32_t grad_count, int32_t retain_graph,
                                int32_t create_graph, Tensor* inputs, int32_t input_count) {
    TS_DO(torch::autograd::backward(list(tensors, count), list(grads, grad_count), retain_graph != 0, create_graph != 0,
                                    list(inputs, input_count)));
}
TS_API int32_t ts_autograd_grad(Tensor* outputs, int32_t count, Tensor* inputs, int32_t input_count, Tensor* grads,
                                int32_t grad_count, int32_t retain_graph, int32_t create_graph, int32_t allow_unused,
                                Tensor** result, int32_t* result_count) {
    TS_DO(hand_out(torch::autograd::grad(list(outputs, count), list(inputs, input_count), list(grads, grad_count),
                                         retain_graph != 0, create_graph != 0, allow_unused != 0),
                   result, result_count));
}
TS_API int32_t ts_grad_enabled() { return at::GradMode::is_enabled() ? 1 : 0; }
TS_API void ts_set_grad_enabled(int32_t enabled) { at::GradMode::set_enabled(enabled != 0); }
TS_API int32_t ts_inference_enabled() { return c10::InferenceMode::is_enabled() ? 1 : 0; }
TS_API void* ts_inference_enter(int32_t enabled) {
    void* guard = nullptr;
    run([&] { guard = new c10::InferenceMode(enabled != 0); });
    return guard;
}
TS_API void ts_inference_leave(void* guard) { delete static_cast<c10::InferenceMode*>(guard); }

// ---- random numbers ----

TS_API at::Generator* ts_generator_new(uint64_t seed) {
    at::Generator* result = nullptr;
    run([&] { result = new at::Generator(at::detail::createCPUGenerator(seed)); });
    return result;
}
TS_API at::Generator* ts_generator_default() {
    at::Generator* result = nullptr;
    run([&] { result = new at::Generator(at::detail::getDefaultCPUGenerator()); });
    return result;
}
TS_API void ts_generator_dispose(at::Generator* generator) { delete generator; }
TS_API int32_t ts_generator_seed(at::Generator* generator, uint64_t seed) {
    return status([&] {
        std::lock_guard<std::mutex> hold(generator->mutex());
        generator->set_current_seed(seed);
    });
}
TS_API uint64_t ts_generator_initial_seed(at::Generator* generator) { return generator->current_seed(); }
TS_API Tensor ts_generator_state(at::Generator* generator) { TS_MAKE(generator->get_state()); }
TS_API int32_t ts_generator_set_state(at::Generator* generator, Tensor state) {
    return status([&] {
        std::lock_guard<std::mutex> hold(generator->mutex());
        generator->set_state(*state);
    });
}
TS_API int32_t ts_manual_seed(uint64_t seed) { TS_DO(at::manual_seed(seed)); }
TS_API int32_t ts_uniform_(Tensor t, double from, double to, at::Generator* generator) {
    TS_DO(t->uniform_(from, to, optional_generator(generator)));
}
TS_API int32_t ts_normal_(Tensor t, double mean, double deviation, at::Generator* generator) {
    TS_DO(t->normal_(mean, deviation, optional_generator(generator)));
}
