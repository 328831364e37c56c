using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <content>Functions of native/tensor.cpp.</content>
internal static unsafe partial class NativeMethods
{
    // ---- errors, versions, threads, devices ----

    [LibraryImport(Library)]
    internal static partial nint ts_last_error();

    [LibraryImport(Library)]
    internal static partial void ts_free(nint memory);

    [LibraryImport(Library)]
    internal static partial nint ts_version();

    [LibraryImport(Library)]
    internal static partial nint ts_show_config();

    [LibraryImport(Library)]
    internal static partial nint ts_blas();

    [LibraryImport(Library)]
    internal static partial int ts_get_num_threads();

    [LibraryImport(Library)]
    internal static partial int ts_set_num_threads(int count);

    [LibraryImport(Library)]
    internal static partial int ts_cuda_is_available();

    [LibraryImport(Library)]
    internal static partial int ts_cuda_device_count();

    [LibraryImport(Library)]
    internal static partial int ts_cuda_synchronize(long index);

    // ---- life ----

    [LibraryImport(Library)]
    internal static partial void ts_dispose(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_alias(nint t);

    // ---- creation ----

    [LibraryImport(Library)]
    internal static partial nint ts_empty(long* size, int n, int type, int device, int index, int grad);

    [LibraryImport(Library)]
    internal static partial nint ts_zeros(long* size, int n, int type, int device, int index, int grad);

    [LibraryImport(Library)]
    internal static partial nint ts_ones(long* size, int n, int type, int device, int index, int grad);

    [LibraryImport(Library)]
    internal static partial nint ts_full(long* size, int n, ScalarValue value, int type, int device, int index, int grad);

    [LibraryImport(Library)]
    internal static partial nint ts_rand(long* size, int n, nint generator, int type, int device, int index, int grad);

    [LibraryImport(Library)]
    internal static partial nint ts_randn(long* size, int n, nint generator, int type, int device, int index, int grad);

    [LibraryImport(Library)]
    internal static partial nint ts_randint(long low, long high, long* size, int n, nint generator, int type, int device,
        int index, int grad);

    [LibraryImport(Library)]
    internal static partial nint ts_arange(ScalarValue start, ScalarValue stop, ScalarValue step, int type, int device,
        int index, int grad);

    [LibraryImport(Library)]
    internal static partial nint ts_eye(long rows, long columns, int type, int device, int index, int grad);

    [LibraryImport(Library)]
    internal static partial nint ts_from_data(nint elements, int source, long* size, int n, int type, int device, int index,
        int grad);

    // ---- what a tensor is ----

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial long ts_ndim(nint t);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial long ts_numel(nint t);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial int ts_dtype(nint t);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial long ts_element_size(nint t);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial int ts_device_type(nint t);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial int ts_device_index(nint t);

    [LibraryImport(Library)]
    internal static partial int ts_is_contiguous(nint t);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial long ts_storage_offset(nint t);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial void ts_sizes(nint t, long* result);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial void ts_strides(nint t, long* result);

    [LibraryImport(Library)]
    internal static partial int ts_size(nint t, long dim, long* result);

    [LibraryImport(Library)]
    internal static partial int ts_stride(nint t, long dim, long* result);

    [LibraryImport(Library)]
    internal static partial int ts_data(nint t, nint* result);

    [LibraryImport(Library)]
    internal static partial int ts_item(nint t, ScalarValue* result);

    // ---- conversion ----

    [LibraryImport(Library)]
    internal static partial nint ts_to_type(nint t, int type, int copy, int nonBlocking);

    [LibraryImport(Library)]
    internal static partial nint ts_to_device(nint t, int device, int index, int copy, int nonBlocking);

    [LibraryImport(Library)]
    internal static partial nint ts_to_type_and_device(nint t, int type, int device, int index, int copy, int nonBlocking);

    [LibraryImport(Library)]
    internal static partial nint ts_clone(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_detach(nint t);

    [LibraryImport(Library)]
    internal static partial int ts_detach_(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_contiguous(nint t);

    [LibraryImport(Library)]
    internal static partial int ts_copy_(nint t, nint source, int nonBlocking);

    // ---- views and layout ----

    [LibraryImport(Library)]
    internal static partial nint ts_view(nint t, long* size, int n);

    [LibraryImport(Library)]
    internal static partial nint ts_reshape(nint t, long* size, int n);

    [LibraryImport(Library)]
    internal static partial nint ts_flatten(nint t, long start, long end);

    [LibraryImport(Library)]
    internal static partial nint ts_transpose(nint t, long dim0, long dim1);

    [LibraryImport(Library)]
    internal static partial nint ts_permute(nint t, long* order, int n);

    [LibraryImport(Library)]
    internal static partial nint ts_t(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_unsqueeze(nint t, long dim);

    [LibraryImport(Library)]
    internal static partial nint ts_squeeze(nint t);

    [LibraryImport(Library)]
    internal static partial nint ts_squeeze_dim(nint t, long dim);

    [LibraryImport(Library)]
    internal static partial nint ts_expand(nint t, long* size, int n, int isImplicit);

    [LibraryImport(Library)]
    internal static partial nint ts_narrow(nint t, long dim, long start, long length);

    [LibraryImport(Library)]
    internal static partial nint ts_slice(nint t, long dim, long start, long finish, long step);

    [LibraryImport(Library)]
    internal static partial nint ts_select(nint t, long dim, long index);

    [LibraryImport(Library)]
    internal static partial int ts_chunk(nint t, long chunks, long dim, nint** result, int* count);

    [LibraryImport(Library)]
    internal static partial int ts_split(nint t, long size, long dim, nint** result, int* count);

    [LibraryImport(Library)]
    internal static partial int ts_split_sizes(nint t, long* sizes, int n, long dim, nint** result, int* count);

    [LibraryImport(Library)]
    internal static partial nint ts_repeat(nint t, long* sizes, int n);

    [LibraryImport(Library)]
    internal static partial nint ts_repeat_interleave(nint t, long repeats, long dim, int hasDim);

    [LibraryImport(Library)]
    internal static partial nint ts_cat(nint* tensors, int count, long dim);

    [LibraryImport(Library)]
    internal static partial nint ts_stack(nint* tensors, int count, long dim);

    // ---- autograd ----

    [LibraryImport(Library)]
    internal static partial int ts_requires_grad(nint t);

    [LibraryImport(Library)]
    internal static partial int ts_set_requires_grad(nint t, int value);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial int ts_is_leaf(nint t);

    [LibraryImport(Library)]
    internal static partial int ts_grad(nint t, nint* result);

    [LibraryImport(Library)]
    internal static partial int ts_set_grad(nint t, nint grad);

    [LibraryImport(Library)]
    internal static partial int ts_backward(nint t);

    [LibraryImport(Library)]
    internal static partial int ts_backward_many(nint* tensors, int count, nint* grads, int gradCount, int retainGraph,
        int createGraph, nint* inputs, int inputCount);

    [LibraryImport(Library)]
    internal static partial int ts_autograd_grad(nint* outputs, int count, nint* inputs, int inputCount, nint* grads,
        int gradCount, int retainGraph, int createGraph, int allowUnused, nint** result, int* resultCount);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial int ts_grad_enabled();

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial void ts_set_grad_enabled(int enabled);

    [LibraryImport(Library)]
    internal static partial int ts_inference_enabled();

    [LibraryImport(Library)]
    internal static partial nint ts_inference_enter(int enabled);

    [LibraryImport(Library)]
    internal static partial void ts_inference_leave(nint guard);

    // ---- random numbers ----

    [LibraryImport(Library)]
    internal static partial nint ts_generator_new(ulong seed);

    [LibraryImport(Library)]
    internal static partial nint ts_generator_default();

    [LibraryImport(Library)]
    internal static partial void ts_generator_dispose(nint generator);

    [LibraryImport(Library)]
    internal static partial int ts_generator_seed(nint generator, ulong seed);

    [LibraryImport(Library)]
    internal static partial ulong ts_generator_initial_seed(nint generator);

    [LibraryImport(Library)]
    internal static partial nint ts_generator_state(nint generator);

    [LibraryImport(Library)]
    internal static partial int ts_generator_set_state(nint generator, nint state);

    [LibraryImport(Library)]
    internal static partial int ts_manual_seed(ulong seed);

    [LibraryImport(Library)]
    internal static partial int ts_uniform_(nint t, double from, double to, nint generator);

    [LibraryImport(Library)]
    internal static partial int ts_normal_(nint t, double mean, double deviation, nint generator);
}
